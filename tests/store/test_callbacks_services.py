"""Callbacks from the plan to the answer, on both databases: surveys, replies, AI calls, the human queue, restarts."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from callbacks.ai_calls import AiEnd
from callbacks.answer import ReasonCode, WishKind
from callbacks.callback import Callback, CallbackState
from callbacks.contact_lock import LEASE
from callbacks.errors import (
    CallbackMoveRefused,
    CallbackTaken,
    ContactLocked,
    ResultIncomplete,
)
from callbacks.human_result import HumanOutcome, HumanResult
from callbacks.outcome import AiAction, AiDecision, decide_ai
from callbacks.planning import CallbackPolicy, Planner
from callbacks.services import TOPICS, CallbackServices
from callbacks.windows import CallbackCalendar, Channel, WindowException
from cases.commands import CallbackVerdict
from cases.master_data import CaseType, Urgency
from sms.messages import SmsMessage
from sms.outbox import Outbox
from store.tables.callbacks import callback as callback_table
from store.tables.event_outbox import event_outbox
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.callback_cases import FakeCases
from tests.fakes.clock import FakeClock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.store

CASE = "RX20261124-0031"
FIXED = "053285551234"


@dataclass
class FakeAlarm:
    raised: list[str] = field(default_factory=list)

    async def raise_alarm(self, *, case_number: str, phone: PhoneNumber | None, words: str, reason: str) -> None:
        self.raised.append(f"{case_number} {words}")


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


class Desk:
    """The room with its store, cases at hand, and events delivered when the test says so."""

    def __init__(self, uow_factory: UnitOfWorkFactory, clock: FakeClock, keyer: PhoneKeyer) -> None:
        self.uow_factory, self.clock, self.keyer = uow_factory, clock, keyer
        self.cases, self.alarm = FakeCases(keyer), FakeAlarm()
        self.planner = Planner(CallbackPolicy(), CallbackCalendar(), clock)
        self.services = self.restarted("server-1")
        self._seen: set[Any] = set()

    def restarted(self, holder: str) -> CallbackServices:
        return CallbackServices(
            uow_factory=self.uow_factory,
            clock=self.clock,
            keyer=self.keyer,
            cases=self.cases,
            sms=Outbox(self.clock),
            alarm=self.alarm,
            planner=self.planner,
            holder=holder,
        )

    async def due(self, number: str = CASE, phone: str = "13800001234", **facts: Any) -> Callback:
        self.cases.due(number, phone, **facts)
        callback_id = await self.services.plan_for(number)
        assert callback_id is not None
        return await self.callback(callback_id)

    async def callback(self, callback_id: str) -> Callback:
        async with self.uow_factory() as uow:
            return await uow.callbacks.get(callback_id)

    async def all(self) -> list[Callback]:
        async with self.uow_factory() as uow:
            return list((await uow.session.scalars(select(Callback).order_by(callback_table.c.id))).all())

    async def sms(self) -> list[SmsMessage]:
        async with self.uow_factory() as uow:
            return list((await uow.session.scalars(select(SmsMessage))).all())

    async def alerts(self) -> list[str]:
        async with self.uow_factory() as uow:
            rows = (await uow.session.execute(select(event_outbox).where(event_outbox.c.topic == "alert"))).mappings()
            return [_payload(row)["kind"] for row in rows]

    async def deliver(self) -> None:
        """What the tail of the event outbox does: hand every new event of the room's topics to it."""
        async with self.uow_factory() as uow:
            rows = (await uow.session.execute(select(event_outbox).order_by(event_outbox.c.id))).mappings().all()
        for row in rows:
            if row["id"] not in self._seen and row["topic"] in TOPICS:
                self._seen.add(row["id"])
                await self.services.on_event(row["topic"], _payload(row))

    async def surveyed(self, **facts: Any) -> Callback:
        """A case whose survey was delivered now."""
        callback = await self.due(**facts)
        assert await self.services.surveys.send_due() == 1
        await self.receipt(callback.id, "delivered")
        return await self.callback(callback.id)

    async def receipt(self, callback_id: str, state: str) -> None:
        sms_id = (await self.callback(callback_id)).sms_id
        await self.services.on_event("sms.receipt", {"sms_id": sms_id, "reference": callback_id, "state": state})

    async def reply(self, callback: Callback, text: str, reading: str, **more: Any) -> dict[str, Any]:
        payload = {
            "reply_id": new_id(self.clock),
            "sms_id": callback.sms_id,
            "reference": callback.id,
            "text": text,
            "reading": reading,
            "reason": "",
            "phone_key": callback.phone_key,
            "received_at": self.clock.now().isoformat(),
            **more,
        }
        await self.services.on_event("sms.reply", payload)
        return payload


def _payload(row: Mapping[str, Any]) -> dict[str, Any]:
    payload = row["payload"]
    return dict(json.loads(payload)) if isinstance(payload, str) else dict(payload)


@pytest.fixture
def desk(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> Desk:
    return Desk(uow_factory, clock, phone_keyer)


class TestPlanning:
    async def test_a_case_that_is_due_gets_one_callback_however_often_the_event_comes(self, desk: Desk) -> None:
        desk.cases.due(CASE)
        moved = {"case_number": CASE, "from": "CHECKING", "to": "CALLBACK_DUE", "event": "precheck_ok"}
        for _ in range(2):
            await desk.services.on_event("case.moved", moved)
        (callback,) = await desk.all()
        assert (callback.state, callback.channel, callback.rule_number) == (CallbackState.WAITING, Channel.SMS, 13)

    async def test_a_case_that_goes_elsewhere_takes_its_callback_with_it(self, desk: Desk) -> None:
        callback = await desk.due()
        await desk.services.on_event("case.moved", {"case_number": CASE, "from": "CALLBACK_DUE", "to": "VOID"})
        assert (await desk.callback(callback.id)).state is CallbackState.CANCELLED

    async def test_nobody_asked_is_an_alert_because_the_case_stays_open(self, desk: Desk) -> None:
        callback = await desk.due(case_type=CaseType.OTHER)
        assert callback.state is CallbackState.NOT_NEEDED
        assert await desk.alerts() == ["callback.not_needed"]

    async def test_a_consultation_rated_bad_by_key_becomes_a_task_for_a_person(self, desk: Desk) -> None:
        desk.cases.due(CASE, case_type=CaseType.CONSULT, closing_rating="不满意")
        await desk.services.on_event("case.rated", {"case_number": CASE})
        (callback,) = await desk.all()
        assert (callback.channel, callback.rule_number, callback.late) == (Channel.HUMAN, 1, True)


class TestSurveys:
    async def test_a_due_survey_is_queued_in_the_same_transaction_as_its_state(self, desk: Desk) -> None:
        callback = await desk.due()
        assert await desk.services.surveys.send_due() == 1
        (sms,) = await desk.sms()
        sent = await desk.callback(callback.id)
        assert (sms.reference, sms.id, sms.extension) == (callback.id, sent.sms_id, "0031")
        assert sent.state is CallbackState.SENDING
        assert await desk.services.surveys.send_due() == 0

    async def test_no_survey_leaves_outside_the_window(self, desk: Desk) -> None:
        desk.clock.set_to(local("2026-11-24T12:00"))
        await desk.due()
        assert await desk.services.surveys.send_due() == 0
        desk.clock.set_to(local("2026-11-24T14:30"))
        assert await desk.services.surveys.send_due() == 1

    async def test_satisfied_archives_the_case(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        desk.clock.advance(900)
        await desk.reply(callback, "1", "满意")
        await desk.deliver()
        done = await desk.callback(callback.id)
        assert (done.state, done.rating) == (CallbackState.DONE, "满意")
        (result,) = desk.cases.results
        assert (result.verdict, result.rating, result.sms_id) == (CallbackVerdict.SATISFIED, "满意", callback.sms_id)

    async def test_fair_archives_too_and_is_kept_apart(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        await desk.reply(callback, "2", "一般")
        await desk.deliver()
        assert (await desk.callback(callback.id)).rating == "一般"
        assert desk.cases.results[0].rating == "基本满意"

    async def test_dissatisfied_goes_to_a_person_the_same_day_in_spite_of_the_24_hours(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        await desk.reply(callback, "3 还是凉的", "不满意")
        await desk.deliver()
        task = await desk.callback(callback.id)
        assert (task.state, task.channel, task.rule_number, task.priority) == (
            CallbackState.WAITING,
            Channel.HUMAN,
            8,
            1,
        )
        assert task.not_before == desk.clock.now()
        (result,) = desk.cases.results
        assert (result.verdict, result.sms_dissatisfied) == (CallbackVerdict.NEEDS_PERSON, True)

    async def test_dissatisfied_after_the_last_window_is_first_at_nine_next_morning(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        desk.clock.set_to(local("2026-11-24T20:00"))
        await desk.reply(callback, "3", "不满意")
        assert (await desk.callback(callback.id)).not_before == local("2026-11-25T09:00")

    @pytest.mark.parametrize(("text", "reading"), [("1不满意", "CONFLICT"), ("师傅没来", "FREE"), ("……", "UNCLEAR")])
    async def test_what_is_not_plain_goes_to_a_person_with_its_words(self, desk: Desk, text: str, reading: str) -> None:
        callback = await desk.surveyed()
        payload = await desk.reply(callback, text, reading)
        task = await desk.callback(callback.id)
        assert (task.channel, task.rule_number, task.rating) == (Channel.HUMAN, 8, "")
        async with desk.uow_factory() as uow:
            answer = await uow.contacts.answer(payload["reply_id"])
        assert answer is not None
        assert answer.words == text

    async def test_opting_out_leaves_a_person_to_ask_once_not_a_machine(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        await desk.reply(callback, "TD", "OPT")
        task = await desk.callback(callback.id)
        assert (task.channel, task.rule_number) == (Channel.HUMAN, 15)
        async with desk.uow_factory() as uow:
            assert await uow.contacts.wishes(callback.phone_key) == {WishKind.NO_SURVEY}

    async def test_a_danger_raises_the_alarm_and_calls_for_a_person_at_night(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        desk.clock.set_to(local("2026-11-24T23:40"))
        await desk.reply(callback, "家里有煤气味", "EMERG")
        task = await desk.callback(callback.id)
        assert desk.alarm.raised == [f"{CASE} 家里有煤气味"]
        assert (task.channel, task.priority, task.not_before) == (Channel.HUMAN, 0, desk.clock.now())
        assert task.window_exception is WindowException.SAFETY_CHECK

    async def test_a_danger_from_somebody_without_a_survey_raises_the_alarm_too(self, desk: Desk) -> None:
        payload = {"reply_id": "r", "sms_id": None, "reference": None, "text": "漏气了", "reading": "EMERG"}
        more = {"phone_key": "f" * 64, "received_at": desk.clock.now().isoformat()}
        await desk.services.on_event("sms.reply", {**payload, **more})
        assert desk.alarm.raised == [" 漏气了"]

    async def test_a_danger_said_to_be_over_is_verified_within_ten_minutes(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        await desk.reply(callback, "漏气修好了,满意", "VERIFY")
        task = await desk.callback(callback.id)
        assert (task.channel, task.due_at) == (Channel.HUMAN, desk.clock.now() + timedelta(minutes=10))
        assert desk.alarm.raised == []

    async def test_the_same_reply_delivered_twice_counts_once(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        payload = await desk.reply(callback, "1", "满意")
        await desk.services.on_event("sms.reply", payload)
        await desk.deliver()
        assert len(desk.cases.results) == 1

    async def test_a_change_to_dissatisfied_after_archiving_is_a_task_of_its_own(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        await desk.reply(callback, "1", "满意")
        desk.clock.advance(3600)
        await desk.reply(callback, "3", "不满意")
        await desk.deliver()
        first, second = await desk.all()
        assert (first.state, first.rating) == (CallbackState.DONE, "满意")
        assert (second.channel, second.late) == (Channel.HUMAN, True)
        assert [move.event.value for move in desk.cases.moves] == ["late_dissatisfied"]

    async def test_an_unanswered_survey_goes_on_by_voice_the_next_day(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        desk.clock.set_to(local("2026-11-24T23:00"))
        assert await desk.services.surveys.give_up_unanswered() == 0
        desk.clock.set_to(local("2026-11-25T09:00"))
        assert await desk.services.surveys.give_up_unanswered() == 1
        task = await desk.callback(callback.id)
        assert (task.channel, task.rule_number) == (Channel.AI_VOICE, 13)
        assert task.not_before == local("2026-11-25T09:05")  # 24 hours after the delivery

    async def test_a_failed_survey_goes_on_by_voice_at_once(self, desk: Desk) -> None:
        callback = await desk.due()
        await desk.services.surveys.send_due()
        await desk.receipt(callback.id, "failed")
        task = await desk.callback(callback.id)
        assert (task.channel, task.rule_number, task.not_before) == (Channel.AI_VOICE, 14, desk.clock.now())

    async def test_a_reply_before_the_ai_call_cancels_it(self, desk: Desk) -> None:
        callback = await desk.surveyed()
        desk.clock.set_to(local("2026-11-25T09:00"))
        await desk.services.surveys.give_up_unanswered()
        await desk.reply(callback, "1", "满意")
        desk.clock.set_to(local("2026-11-25T09:30"))
        assert await desk.services.ai.claim_due(5) == []
        assert (await desk.callback(callback.id)).state is CallbackState.DONE

    async def test_a_number_has_one_open_survey_and_the_second_case_is_asked_by_voice(self, desk: Desk) -> None:
        await desk.due()
        second = await desk.due("RX20261124-0032")
        assert await desk.services.surveys.send_due() == 1
        assert (await desk.callback(second.id)).channel is Channel.AI_VOICE

    async def test_a_suggestion_is_told_and_done(self, desk: Desk) -> None:
        callback = await desk.due(case_type=CaseType.SUGGEST)
        await desk.services.surveys.send_due()
        await desk.receipt(callback.id, "delivered")
        assert (await desk.callback(callback.id)).state is CallbackState.DONE


SOLVED = {"resolved": "yes", "rating": "满意", "person": "confirmed"}


class TestAiCalls:
    async def ended(self, desk: Desk, outcome: str, facts: dict[str, str]) -> Callback:
        callback = await desk.due(phone=FIXED)
        (task,) = await desk.services.ai.claim_due(5)
        await desk.services.ai.answered(task, "call-1")
        await desk.services.ai.ended(task, AiEnd("call-1", decide_ai(outcome, facts), facts, outcome))
        await desk.deliver()
        return await desk.callback(callback.id)

    async def test_a_fixed_line_is_claimed_once_under_lease_and_lock(self, desk: Desk) -> None:
        callback = await desk.due(phone=FIXED)
        (task,) = await desk.services.ai.claim_due(5)
        assert (task.callback_id, task.phone.national) == (callback.id, FIXED)
        assert await desk.restarted("server-2").ai.claim_due(5) == []
        async with desk.uow_factory() as uow:
            lock = await uow.contact_locks.of(callback.phone_key, desk.clock.now())
        assert lock is not None
        assert lock.channel is Channel.AI_VOICE

    async def test_nobody_is_dialled_outside_the_window(self, desk: Desk) -> None:
        await desk.due(phone=FIXED)
        desk.clock.set_to(local("2026-11-24T11:00"))
        assert await desk.services.ai.claim_due(5) == []

    async def test_solved_and_satisfied_archives(self, desk: Desk) -> None:
        done = await self.ended(desk, "answered", SOLVED)
        assert (done.state, done.rating) == (CallbackState.DONE, "满意")
        (result,) = desk.cases.results
        assert (result.verdict, result.channel, result.call_id, result.resolved) == (
            CallbackVerdict.SATISFIED,
            "ai",
            "call-1",
            True,
        )

    @pytest.mark.parametrize(
        ("outcome", "facts", "reason"),
        [
            ("answered", {"resolved": "no", "rating": "不满意", "reason": "没有修好"}, "AI回访:未解决,不满意"),
            ("person", {"why": "WANTS_PERSON"}, "用户要求人工"),
            ("person", {"why": "NOT_UNDERSTOOD"}, "两次听不懂"),
            ("hung_up", {"resolved": "yes"}, "通话中途挂断"),
        ],
    )
    async def test_what_a_machine_cannot_settle_waits_for_a_person_the_same_day(
        self, desk: Desk, outcome: str, facts: dict[str, str], reason: str
    ) -> None:
        task = await self.ended(desk, outcome, facts)
        assert (task.state, task.channel, task.rule_number) == (CallbackState.WAITING, Channel.HUMAN, 11)
        assert (task.reason, task.not_before) == (reason, desk.clock.now())
        assert desk.cases.results[0].verdict is CallbackVerdict.NEEDS_PERSON

    async def test_a_danger_said_to_be_over_calls_for_a_person_within_ten_minutes(self, desk: Desk) -> None:
        task = await self.ended(desk, "answered", {**SOLVED, "verify": "漏气"})
        assert (task.channel, task.priority) == (Channel.HUMAN, 0)
        assert task.due_at == desk.clock.now() + timedelta(minutes=10)

    async def test_an_appointment_is_kept_the_next_afternoon_in_spite_of_the_24_hours(self, desk: Desk) -> None:
        task = await self.ended(desk, "appointment", {"appointment": "afternoon"})
        assert (task.channel, task.not_before) == (Channel.AI_VOICE, local("2026-11-25T14:30"))
        desk.clock.set_to(local("2026-11-25T14:30"))
        assert len(await desk.services.ai.claim_due(5)) == 1

    async def test_never_again_is_registered_and_nobody_calls(self, desk: Desk) -> None:
        task = await self.ended(desk, "refused", {"refuses": "callbacks"})
        assert (task.state, task.rule_number) == (CallbackState.NOT_NEEDED, 2)
        assert await desk.alerts() == ["callback.refused"]

    async def test_two_unanswered_calls_in_two_windows_then_a_person(self, desk: Desk) -> None:
        callback = await desk.due(phone=FIXED)
        for call, moment in (("call-1", "2026-11-24T09:05"), ("call-2", "2026-11-24T14:35")):
            desk.clock.set_to(local(moment))
            (task,) = await desk.services.ai.claim_due(5)
            nobody = AiDecision(AiAction.NOT_REACHED, "", "无人接听", partial=True)
            await desk.services.ai.ended(task, AiEnd(call, nobody, {}, "无人接听"))
        task_now = await desk.callback(callback.id)
        assert (task_now.channel, task_now.rule_number, task_now.ai_unanswered) == (Channel.HUMAN, 14, 2)
        assert task_now.not_before == local("2026-11-25T09:00")  # two calls in vain a day are enough

    async def test_a_result_under_a_lost_lease_is_refused(self, desk: Desk) -> None:
        await desk.due(phone=FIXED)
        (task,) = await desk.services.ai.claim_due(5)
        desk.clock.advance(LEASE.total_seconds() + 1)
        assert await desk.services.ai.recover() == 1
        with pytest.raises(CallbackTaken):
            await desk.services.ai.ended(task, AiEnd("call-1", decide_ai("answered", SOLVED), SOLVED, ""))

    async def test_a_call_that_rang_when_its_server_died_is_counted_and_made_again(self, desk: Desk) -> None:
        callback = await desk.due(phone=FIXED)
        await desk.services.ai.claim_due(5)
        desk.clock.advance(LEASE.total_seconds() + 1)
        survivor = desk.restarted("server-2")
        assert await survivor.ai.recover() == 1
        task = await desk.callback(callback.id)
        assert (task.state, task.channel, task.ai_unanswered) == (CallbackState.WAITING, Channel.AI_VOICE, 1)
        assert len(await survivor.ai.claim_due(5)) == 1

    async def test_a_call_that_was_answered_when_its_server_died_goes_to_a_person(self, desk: Desk) -> None:
        callback = await desk.due(phone=FIXED)
        (task,) = await desk.services.ai.claim_due(5)
        await desk.services.ai.answered(task, "call-1")
        desk.clock.advance(LEASE.total_seconds() + 1)
        await desk.restarted("server-2").tick()
        handed = await desk.callback(callback.id)
        assert (handed.channel, handed.rule_number) == (Channel.HUMAN, 11)

    async def test_renewing_keeps_lease_and_lock(self, desk: Desk) -> None:
        await desk.due(phone=FIXED)
        (task,) = await desk.services.ai.claim_due(5)
        desk.clock.advance(1500)
        assert await desk.services.ai.renew(task)
        desk.clock.advance(1500)
        assert await desk.services.ai.recover() == 0


GOOD = HumanResult(
    outcome=HumanOutcome.SATISFIED,
    call_id="call-9",
    identity_checked=True,
    feedback_read=True,
    contacted=True,
    visited=True,
    resolved=True,
    rating="满意",
)
MISMATCH = HumanResult(
    outcome=HumanOutcome.MISMATCH,
    call_id="call-9",
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
NOBODY = HumanResult(outcome=HumanOutcome.NOT_REACHED, call_id="call-9")


class TestHumanQueue:
    async def test_tasks_are_taken_in_order_and_each_by_one_person(self, desk: Desk) -> None:
        later = await desk.due("RX20261124-0001", "13800000001", case_type=CaseType.HELP, is_forwarded=True)
        first = await desk.due("RX20261124-0002", "13800000002", case_type=CaseType.COMPLAINT)
        claims = [await desk.services.human.claim_next(staff) for staff in ("0007", "0008", "0009")]
        assert [claim.callback_ids if claim else None for claim in claims] == [(first.id,), (later.id,), None]

    async def test_a_claim_stops_what_is_pending_about_the_same_person(self, desk: Desk) -> None:
        person = await desk.due("RX20261124-0001", case_type=CaseType.COMPLAINT)
        survey = await desk.due("RX20261124-0002")
        await desk.services.surveys.send_due()
        claim = await desk.services.human.claim(person.id, "0007")
        assert set(claim.callback_ids) == {person.id, survey.id}
        (sms,) = await desk.sms()
        assert sms.state.value == "cancelled"
        assert (await desk.callback(survey.id)).channel is Channel.HUMAN

    async def test_a_person_on_the_line_with_the_machine_cannot_be_claimed(self, desk: Desk) -> None:
        await desk.due("RX20261124-0001", FIXED)
        complaint = await desk.due("RX20261124-0002", FIXED, case_type=CaseType.COMPLAINT)
        await desk.services.ai.claim_due(5)
        with pytest.raises(ContactLocked):
            await desk.services.human.claim(complaint.id, "0007")

    async def test_the_machine_does_not_dial_whom_a_person_has_claimed(self, desk: Desk) -> None:
        complaint = await desk.due("RX20261124-0001", FIXED, case_type=CaseType.COMPLAINT)
        await desk.services.human.claim(complaint.id, "0007")
        await desk.due("RX20261124-0002", FIXED)
        assert await desk.services.ai.claim_due(5) == []

    async def test_nobody_asks_about_a_complaint_against_himself(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT, complained_staff="0007")
        assert await desk.services.human.claim_next("0007") is None
        with pytest.raises(CallbackMoveRefused):
            await desk.services.human.claim(task.id, "0007")

    async def test_satisfied_archives_and_frees_the_person(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT)
        await desk.services.human.claim(task.id, "0007")
        assert await desk.services.human.finish(task.id, "0007", GOOD) is CallbackState.DONE
        await desk.deliver()
        (result,) = desk.cases.results
        assert (result.verdict, result.by, result.call_id) == (CallbackVerdict.SATISFIED, "0007", "call-9")
        async with desk.uow_factory() as uow:
            assert await uow.contact_locks.of(task.phone_key, desk.clock.now()) is None

    async def test_a_mismatch_is_told_to_the_case_after_its_new_demand(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT)
        await desk.services.human.claim(task.id, "0007")
        await desk.services.human.finish(task.id, "0007", MISMATCH)
        await desk.deliver()
        assert [(move.event.value, move.fields["demand"]) for move in desk.cases.moves] == [("new_demand", "想测室温")]
        (result,) = desk.cases.results
        assert (result.verdict, result.reason) == (CallbackVerdict.MISMATCH, "未到场:没人来过")

    async def test_an_incomplete_result_names_what_is_missing(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT)
        await desk.services.human.claim(task.id, "0007")
        with pytest.raises(ResultIncomplete) as refused:
            await desk.services.human.finish(task.id, "0007", HumanResult(outcome=HumanOutcome.SATISFIED))
        assert set(refused.value.missing) >= {"call_id", "identity_checked", "feedback_read", "resolved", "rating"}

    async def test_only_the_holder_finishes_or_releases(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT)
        await desk.services.human.claim(task.id, "0007")
        with pytest.raises(CallbackTaken):
            await desk.services.human.finish(task.id, "0008", GOOD)
        await desk.services.human.release(task.id, "0007")
        claim = await desk.services.human.claim(task.id, "0008")
        assert claim.callback_ids == (task.id,)

    async def test_a_claim_of_somebody_who_vanished_goes_back(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT)
        await desk.services.human.claim(task.id, "0007")
        desk.clock.advance(LEASE.total_seconds() + 1)
        await desk.services.tick()
        assert (await desk.callback(task.id)).state is CallbackState.WAITING
        assert await desk.services.human.claim(task.id, "0008")

    async def test_unreached_three_times_in_two_windows_is_told_by_sms_and_waits_for_approval(self, desk: Desk) -> None:
        task = await desk.due(urgency=Urgency.P1)
        for moment in ("2026-11-24T09:10", "2026-11-24T14:40", "2026-11-25T09:10"):
            desk.clock.set_to(local(moment))
            await desk.services.human.claim(task.id, "0007")
            state = await desk.services.human.finish(task.id, "0007", NOBODY)
        assert state is CallbackState.UNREACHED
        await desk.deliver()
        assert desk.cases.results == []
        assert await desk.alerts() == ["callback.unreached"]
        assert len(await desk.sms()) == 1
        await desk.services.human.approve_unreached(task.id, "lead", "三次未接通")
        await desk.deliver()
        (result,) = desk.cases.results
        assert (result.verdict, result.attempts, result.windows, result.sms_sent, result.approved_by) == (
            CallbackVerdict.UNREACHABLE,
            3,
            3,
            True,
            "lead",
        )

    async def test_the_next_try_is_in_another_window(self, desk: Desk) -> None:
        task = await desk.due(urgency=Urgency.P1)
        await desk.services.human.claim(task.id, "0007")
        await desk.services.human.finish(task.id, "0007", NOBODY)
        assert (await desk.callback(task.id)).not_before == local("2026-11-24T14:30")

    async def test_a_user_who_rings_back_is_asked_in_that_call(self, desk: Desk) -> None:
        task = await desk.surveyed()
        claim = await desk.services.human.take_over(task.phone_key, "0007")
        assert claim is not None
        assert claim.callback_ids == (task.id,)
        await desk.services.human.finish(task.id, "0007", GOOD)
        assert (await desk.callback(task.id)).state is CallbackState.DONE

    async def test_a_refusal_is_registered_with_the_users_words(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT)
        await desk.services.human.claim(task.id, "0007")
        refused = HumanResult(outcome=HumanOutcome.REFUSED, call_id="call-9", identity_checked=True, words="别再打了")
        await desk.services.human.finish(task.id, "0007", refused)
        async with desk.uow_factory() as uow:
            assert await uow.contacts.wishes(task.phone_key) == {WishKind.NO_CALLBACK}
        assert await desk.alerts() == ["callback.refused"]

    async def test_an_approved_deferral_comes_first_on_its_day(self, desk: Desk) -> None:
        task = await desk.due(case_type=CaseType.COMPLAINT)
        await desk.services.human.defer(task.id, local("2026-11-26T08:00"), "lead", "用户出差")
        deferred = await desk.callback(task.id)
        assert (deferred.not_before, deferred.priority) == (local("2026-11-26T09:00"), 0)
