"""The rooms of the trade, joined for the server process: cases, seats, what callers hear, callbacks."""

from dataclasses import dataclass

from asr.speech_client import SpeechClient
from callbacks.click_to_dial import ClickToDial
from callbacks.danger_alarm import DangerAlarm
from callbacks.dialler import Dialler
from callbacks.outbound_switch import OutboundSwitch
from callbacks.planning import CallbackPolicy, Planner
from callbacks.questionnaire import SurveyText
from callbacks.services import CallbackServices
from callbacks.voice_callback import VoiceCallback
from callbacks.windows import CallbackCalendar, DayWindow, WindowRules
from cases.services import CaseServices
from cases.sorting import standard_suggester
from composition.foundation import Foundation
from ivr.case_intake import CallCases
from ivr.dialogue import load_dialogue
from ivr.dialogue_runner import DialogueRunner
from ivr.intents import IntentSuggester
from ivr.leak_lane import LeakLane, LeakRules
from ivr.listening import Listener
from ivr.message_taking import MessageRules, MessageTaking
from ivr.prompts import TEXTS_FOLDER, Prompts
from ivr.rating import RatingByKey, RatingRules
from ivr.reception import Reception, ReceptionRules
from ivr.visit import CaseOpening
from ivr.waiting import WaitingRules
from seats.call_lists import CallLists
from seats.duty_chain import DutyPerson
from seats.rules import SeatRules
from seats.services import SeatServices
from seats.short_codes import AccountCalls
from sms.outbox import Outbox
from telephony.ports import CallControl
from vocabulary.settings import Settings


@dataclass(frozen=True, slots=True)
class Trade:
    """What the server process runs and the API serves."""

    cases: CaseServices
    seats: SeatServices
    lists: CallLists
    reception: Reception
    account_calls: AccountCalls
    callbacks: CallbackServices
    dialler: Dialler
    switch: OutboundSwitch
    click_to_dial: ClickToDial


def build_trade(base: Foundation, control: CallControl, speech: SpeechClient, prompts: Prompts) -> Trade:
    """Join the rooms; nothing is started."""
    settings, clock = base.settings, base.clock
    units, keyer = base.store.units, base.store.phone_keyer
    cases = CaseServices(units, clock, keyer, suggester=IntentSuggester(standard_suggester()))
    seats = SeatServices(units, clock, seat_rules(settings))
    lists = CallLists(units, clock)
    ears = Listener(speech, clock) if settings.speech.live else None
    opening = CaseOpening(CallCases(cases) if settings.reception.cases else None, clock)
    leak_lane = LeakLane(
        seats=seats, prompts=prompts, cases=opening, desk=lists, clock=clock, rules=leak_rules(settings)
    )
    reception = Reception(
        seats=seats,
        prompts=prompts,
        leak_lane=leak_lane,
        messages=MessageTaking(
            prompts, ears, opening, lists, clock, MessageRules(max_s=settings.reception.message_max_s)
        ),
        rating=RatingByKey(prompts, lists, opening, clock, RatingRules(wait_s=settings.reception.rating_wait_s)),
        cases=opening,
        missed=lists,
        clock=clock,
        ears=ears,
        rules=reception_rules(settings),
    )
    planner = Planner(callback_policy(settings), calendar(settings), clock)
    callbacks = CallbackServices(
        uow_factory=units,
        clock=clock,
        keyer=keyer,
        cases=cases,
        sms=Outbox(clock),
        alarm=DangerAlarm(cases, lists),
        planner=planner,
    )
    switch = OutboundSwitch(units, clock)
    voice = VoiceCallback(
        control=control,
        runner=DialogueRunner(prompts, Listener(speech, clock), clock),
        dialogue=load_dialogue(TEXTS_FOLDER / "flows" / "callback.toml"),
        prompts=prompts,
        leak_lane=leak_lane,
        calls=callbacks.ai,
        clock=clock,
        caller_id=settings.sip.hotline_numbers[0],
        ring_s=settings.callbacks.ring_s,
    )
    return Trade(
        cases=cases,
        seats=seats,
        lists=lists,
        reception=reception,
        account_calls=AccountCalls(
            seats, prompts.file, hotline=reception.run, hotline_numbers=frozenset(settings.sip.hotline_numbers)
        ),
        callbacks=callbacks,
        dialler=Dialler(callbacks.ai, voice, switch, clock, concurrent=settings.callbacks.ai_concurrent),
        switch=switch,
        click_to_dial=ClickToDial(
            control=control,
            queue=callbacks.human,
            uow_factory=units,
            cases=cases,
            planner=planner,
            prompts=prompts,
            clock=clock,
            seats=seats,
            caller_id=settings.sip.hotline_numbers[0],
            user_ring_s=settings.callbacks.ring_s,
        ),
    )


def seat_rules(settings: Settings) -> SeatRules:
    """Settings → distribution."""
    seats = settings.seats
    return SeatRules(
        ring_s=seats.ring_s,
        wrap_up_s=seats.wrap_up_s,
        break_after_missed=seats.break_after_missed,
        max_waiting=seats.max_waiting,
    )


def leak_rules(settings: Settings) -> LeakRules:
    """Settings → the gas-leak lane."""
    leak = settings.leak
    return LeakRules(
        seat_wait_s=leak.seat_wait_s,
        seat_ring_s=settings.seats.ring_s,
        duty_chain=tuple(DutyPerson(person.name, person.number) for person in leak.duty_chain),
        duty_ring_s=leak.duty_ring_s,
    )


def reception_rules(settings: Settings) -> ReceptionRules:
    """Settings → one inbound call."""
    reception = settings.reception
    return ReceptionRules(
        greeting=reception.greeting,
        seat_ring_s=settings.seats.ring_s,
        announce_staff=reception.announce_staff,
        rating=reception.rating,
        waiting=WaitingRules(
            position_every_s=reception.position_every_s,
            offer_bot_after_s=reception.offer_bot_after_s,
            connecting=reception.greeting,
        ),
    )


def callback_policy(settings: Settings) -> CallbackPolicy:
    """Settings → the numbers of callbacks."""
    return CallbackPolicy(
        survey_text=SurveyText(signature=settings.sms.signature),
        caller_id=settings.sip.hotline_numbers[0],
        ring_s=settings.callbacks.ring_s,
        ai_enabled=settings.callbacks.ai_enabled,
    )


def calendar(settings: Settings) -> CallbackCalendar:
    """Settings → the windows."""
    callbacks = settings.callbacks
    return CallbackCalendar(
        WindowRules(
            voice=tuple(DayWindow(opens, closes) for opens, closes in callbacks.human_windows),
            sms=tuple(DayWindow(opens, closes) for opens, closes in callbacks.sms_windows),
            closed_weekdays=frozenset() if callbacks.allow_weekends else frozenset({6, 7}),
        )
    )
