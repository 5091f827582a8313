"""Cases, messages and callbacks together on both databases: from the passed check to the archive, or to a person."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from callbacks.ai_calls import AiEnd
from callbacks.callback import Callback
from callbacks.danger_alarm import DangerAlarm
from callbacks.dialler import Dialler
from callbacks.human_result import HumanOutcome, HumanResult, ReasonCode
from callbacks.outbound_switch import OutboundSwitch
from callbacks.outcome import decide_ai
from callbacks.planning import CallbackPolicy, Planner
from callbacks.services import CallbackServices
from callbacks.voice_callback import VoiceCallback
from callbacks.windows import CallbackCalendar, Channel
from cases.case_states import CaseState
from cases.master_data import CaseType
from cases.services import CaseServices
from ivr.answer_classifier import Intent
from ivr.dialogue import FLOWS_FOLDER, load_dialogue
from ivr.dialogue_runner import DialogueRunner
from seats.call_lists import LostLeakCaller
from sms.incoming import IncomingMessages, IncomingRules
from sms.outbox import Outbox
from sms.sender import Sender
from sms.simulated import SimulatedGateway, SimulatedUsers
from store.database import Database
from store.queries.callbacks import SqlCallbackQueries
from store.tables.event_outbox import event_outbox
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.call_control import Answers, FakeCallControl
from tests.fakes.callback_voice import FakeLane
from tests.fakes.cases_made import FIXED, MOBILE, intake, to_callback
from tests.fakes.clock import FakeClock
from tests.fakes.hearing import NamedPrompts, ScriptedHearing, said
from vocabulary.phone_number import PhoneKeyer

pytestmark = pytest.mark.store

ACCESS = "10690096556"


class FakeDesk:
    def __init__(self) -> None:
        self.callers: list[LostLeakCaller] = []

    async def hand_over(self, caller: LostLeakCaller) -> None:
        self.callers.append(caller)


class Hotline:
    """Rooms joined as the server joins them; events are delivered when the test says so."""

    def __init__(self, uow_factory: UnitOfWorkFactory, clock: FakeClock, keyer: PhoneKeyer, database: Database) -> None:
        self.uow_factory, self.clock = uow_factory, clock
        self.users, self.desk = SimulatedUsers(), FakeDesk()
        self.gateway = SimulatedGateway(self.users, clock, access_number=ACCESS)
        self.incoming = IncomingMessages(uow_factory, clock, keyer, IncomingRules(access_number=ACCESS))
        self.sender = Sender(uow_factory, self.gateway, clock)
        self.cases = CaseServices(uow_factory, clock, keyer)
        self.callbacks = CallbackServices(
            uow_factory=uow_factory,
            clock=clock,
            keyer=keyer,
            cases=self.cases,
            sms=Outbox(clock),
            alarm=DangerAlarm(self.cases, self.desk),
            planner=Planner(CallbackPolicy(), CallbackCalendar(), clock),
        )
        self.queries = SqlCallbackQueries(database)
        self._told = 0

    async def case_due(self, **given: Any) -> str:
        number = (await self.cases.open(intake(**given))).case_number
        await to_callback(self.cases, number)
        await self.settle()
        return number

    async def settle(self) -> None:
        """Events, ticks, messages and answers, until nothing moves."""
        for _ in range(6):
            await self._tell()
            await self.callbacks.tick()
            await self.sender.send_due()
            await self.clock.run_for(5.0)

    async def _tell(self) -> None:
        reactions = self.callbacks.reactions
        while True:
            async with self.uow_factory() as uow:
                query = select(event_outbox).where(event_outbox.c.number > self._told).order_by(event_outbox.c.number)
                rows = (await uow.session.execute(query)).mappings().all()
            if not rows:
                return
            for row in rows:
                self._told = row["number"]
                if (reaction := reactions.get(row["topic"])) is not None:
                    await reaction(row["payload"])

    async def state(self, number: str) -> CaseState:
        async with self.uow_factory() as uow:
            return (await uow.cases.get(number)).state

    async def callback_of(self, number: str) -> Callback:
        async with self.uow_factory() as uow:
            query = select(Callback).where(Callback.case_number == number)  # type: ignore[arg-type]
            return (await uow.session.scalars(query)).one()


@pytest.fixture
async def hotline(
    uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer, database: Database
) -> AsyncIterator[Hotline]:
    made = Hotline(uow_factory, clock, phone_keyer, database)
    await made.gateway.start(made.incoming.take)
    yield made
    await made.gateway.stop()


def number_in_sms() -> str:
    return MOBILE.e164.lstrip("+")


async def test_a_survey_answered_1_archives_the_case(hotline: Hotline) -> None:
    hotline.users.replies[MOBILE.national] = "1"
    number = await hotline.case_due()
    await hotline.settle()
    ((to, extension, text),) = hotline.gateway.sent
    assert (to, extension) == (number_in_sms(), "0001")
    assert "反映的不热已处理" in text
    assert await hotline.state(number) is CaseState.ARCHIVED


async def test_still_cold_goes_to_a_person_who_finds_a_mismatch_and_returns_the_case(hotline: Hotline) -> None:
    hotline.users.replies[MOBILE.national] = "3 还是凉的"
    number = await hotline.case_due()
    await hotline.settle()
    (row,) = await hotline.queries.human_queue(hotline.clock.now())
    assert (row.case_number, row.rule_number, row.masked_phone) == (number, 8, "138****1234")
    assert await hotline.state(number) is CaseState.CALLBACK_DUE
    claim = await hotline.callbacks.human.claim_next("zhao")
    assert claim is not None
    result = HumanResult(
        outcome=HumanOutcome.MISMATCH,
        call_id="call-77",
        identity_checked=True,
        feedback_read=True,
        contacted=True,
        visited=False,
        resolved=False,
        rating="不满意",
        reason_code=ReasonCode.NOT_VISITED,
        words="没人来过",
        new_demand="想测室温",
    )
    await hotline.callbacks.human.finish(claim.callback_ids[0], "zhao", result)
    await hotline.settle()
    assert await hotline.state(number) is CaseState.RETURNED
    async with hotline.uow_factory() as uow:
        assert (await uow.cases.get("RX20261124-0002")).source.value == "PATROL"


async def test_a_fixed_line_that_says_not_mended_goes_to_a_person_and_is_judged(hotline: Hotline) -> None:
    number = await hotline.case_due(caller=FIXED)
    (task,) = await hotline.callbacks.ai.claim_due(1)
    facts = {"resolved": "no", "rating": "不满意", "reason": "没有修好"}
    await hotline.callbacks.ai.answered(task, "call-50")
    await hotline.callbacks.ai.ended(task, AiEnd("call-50", decide_ai("answered", facts), facts, "answered"))
    await hotline.settle()
    (row,) = await hotline.queries.human_queue(hotline.clock.now())
    assert (row.case_number, row.reason) == (number, "AI回访:未解决,不满意")
    view = await hotline.queries.one(row.id)
    assert view is not None
    assert [(attempt.channel, attempt.reached) for attempt in view.attempts] == [(Channel.AI_VOICE, True)]
    assert [answer.words for answer in view.answers] == ["没有修好"]


async def test_a_fixed_line_that_is_satisfied_archives_the_case(hotline: Hotline) -> None:
    number = await hotline.case_due(caller=FIXED)
    (task,) = await hotline.callbacks.ai.claim_due(1)
    facts = {"resolved": "yes", "rating": "一般"}
    await hotline.callbacks.ai.answered(task, "call-50")
    await hotline.callbacks.ai.ended(task, AiEnd("call-50", decide_ai("answered", facts), facts, "answered"))
    await hotline.settle()
    assert await hotline.state(number) is CaseState.ARCHIVED


async def test_a_danger_in_a_reply_opens_a_p0_case_and_reaches_the_rescue_desk(hotline: Hotline) -> None:
    hotline.users.replies[MOBILE.national] = "家里有煤气味"
    number = await hotline.case_due()
    await hotline.settle()
    (caller,) = hotline.desk.callers
    assert caller.number == MOBILE
    assert caller.case_number not in (None, number)
    callback = await hotline.callback_of(number)
    assert (callback.channel, callback.priority) == (Channel.HUMAN, 0)


async def test_opting_out_is_confirmed_once_and_a_person_asks(hotline: Hotline) -> None:
    hotline.users.replies[MOBILE.national] = "TD"
    number = await hotline.case_due()
    await hotline.settle()
    assert (await hotline.callback_of(number)).rule_number == 15
    assert len([text for _, _, text in hotline.gateway.sent if "停发" in text]) == 1


async def test_a_reporters_number_is_not_kept_with_the_callback(hotline: Hotline) -> None:
    number = await hotline.case_due(case_type=CaseType.REPORT, matter="GAS_THEFT", demand="楼下私接燃气", address="x")
    callback = await hotline.callback_of(number)
    assert callback.phone is None
    assert callback.phone_key is not None
    (row,) = await hotline.queries.of_case(number)
    assert (row.rule_number, row.masked_phone) == (4, "")


async def test_the_days_clearing_tells_who_was_asked_and_who_was_not(hotline: Hotline) -> None:
    hotline.users.replies[MOBILE.national] = "1"
    await hotline.case_due()
    open_case = await hotline.case_due(command_id="c2", caller=FIXED)
    await hotline.settle()
    clearing = await hotline.queries.clearing(hotline.clock.now().date())
    assert (clearing.to_be_asked, clearing.coverage) == (2, 0.5)
    assert clearing.uncleared == ((await hotline.callback_of(open_case)).id,)
    assert await hotline.queries.counts() == {"waiting/ai_voice": 1}


async def test_the_dialler_rings_the_fixed_line_hears_not_mended_and_leaves_the_case_to_a_person(
    hotline: Hotline,
) -> None:
    number = await hotline.case_due(caller=FIXED)
    control, prompts = FakeCallControl(hotline.clock), NamedPrompts()
    control.script(FIXED.national, Answers(after_s=3.0))
    bad = [said("没有修好", Intent.NOT_RESOLVED), said("还是冰凉的"), said("不满意", Intent.DISSATISFIED)]
    hearing = ScriptedHearing(hotline.clock, answers=[said("方便", Intent.YES), *bad, said("没有", Intent.NO)])
    voice = VoiceCallback(
        control=control,
        runner=DialogueRunner(prompts, hearing, hotline.clock),
        dialogue=load_dialogue(FLOWS_FOLDER / "callback.toml"),
        prompts=prompts,
        leak_lane=FakeLane(),
        calls=hotline.callbacks.ai,
        clock=hotline.clock,
    )
    dialler = Dialler(hotline.callbacks.ai, voice, OutboundSwitch(hotline.uow_factory, hotline.clock), hotline.clock)
    assert await dialler.tick() == 1
    async with asyncio.timeout(30):
        while dialler.running:  # the store answers in its own time, the clock in ours
            await hotline.clock.run_for(0.2)
    await hotline.settle()
    (row,) = await hotline.queries.human_queue(hotline.clock.now())
    assert (row.case_number, row.rule_number, row.reason) == (number, 11, "AI回访:未解决,不满意")
    view = await hotline.queries.one(row.id)
    assert view is not None
    assert [(each.words, each.rating, each.call_id) for each in view.answers] == [
        ("还是冰凉的", "不满意", control.calls[0].id)
    ]
    assert await hotline.state(number) is CaseState.CALLBACK_DUE


async def test_a_suggestions_user_is_told_by_sms_and_the_case_is_archived(hotline: Hotline) -> None:
    number = await hotline.case_due(case_type=CaseType.SUGGEST, demand="建议设自助缴费机")
    await hotline.settle()
    assert len(hotline.gateway.sent) == 1
    assert await hotline.state(number) is CaseState.ARCHIVED
    clearing = await hotline.queries.clearing(hotline.clock.now().date())
    assert (clearing.to_be_asked, clearing.uncleared, clearing.coverage) == (1, (), 0.0)


async def test_a_refusal_is_archived_once_the_person_in_charge_agrees(hotline: Hotline) -> None:
    number = await hotline.case_due(case_type=CaseType.COMPLAINT)
    task = await hotline.callback_of(number)
    await hotline.callbacks.human.claim(task.id, "0007")
    refused = HumanResult(outcome=HumanOutcome.REFUSED, call_id="call-9", identity_checked=True, words="别再打了")
    await hotline.callbacks.human.finish(task.id, "0007", refused)
    await hotline.settle()
    assert await hotline.state(number) is CaseState.CALLBACK_DUE
    await hotline.callbacks.approvals.approve_refused(task.id, "lead", "用户明确拒绝")
    await hotline.settle()
    assert await hotline.state(number) is CaseState.ARCHIVED
