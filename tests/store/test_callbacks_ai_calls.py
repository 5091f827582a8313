"""The bookkeeping of AI calls on both databases: leases, results, appointments, restarts."""

from datetime import timedelta

import pytest

from callbacks.ai_calls import AiEnd, AiTask
from callbacks.answer import Wish, WishKind
from callbacks.callback import Callback, CallbackState
from callbacks.contact_lock import LEASE
from callbacks.errors import (
    CallbackTaken,
)
from callbacks.outcome import AiAction, AiDecision, decide_ai
from callbacks.windows import Channel
from cases.commands import CallbackVerdict
from cases.master_data import CaseType, Role, standard_matters
from ivr.prompts import Prompts
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.callback_desk import FIXED, GOOD, Desk, local
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneKeyer

pytestmark = pytest.mark.store


@pytest.fixture
def desk(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> Desk:
    return Desk(uow_factory, clock, phone_keyer)


SOLVED = {"resolved": "yes", "rating": "满意", "person": "confirmed"}


async def ended(desk: Desk, outcome: str, facts: dict[str, str]) -> Callback:
    callback = await desk.due(phone=FIXED)
    (task,) = await desk.services.ai.claim_due(5)
    await desk.services.ai.answered(task, "call-1")
    await desk.services.ai.ended(task, AiEnd("call-1", decide_ai(outcome, facts), facts, outcome))
    await desk.deliver()
    return await desk.callback(callback.id)


async def test_a_fixed_line_is_claimed_once_under_lease_and_lock(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    (task,) = await desk.services.ai.claim_due(5)
    assert (task.callback_id, task.phone.national, task.matter) == (callback.id, FIXED, "HEAT_LOW_TEMP")
    assert await desk.restarted("server-2").ai.claim_due(5) == []
    async with desk.uow_factory() as uow:
        lock = await uow.contact_locks.of(callback.phone_key, desk.clock.now())
    assert lock is not None
    assert lock.channel is Channel.AI_VOICE


async def test_nobody_is_dialled_outside_the_window(desk: Desk) -> None:
    await desk.due(phone=FIXED)
    desk.clock.set_to(local("2026-11-24T11:00"))
    assert await desk.services.ai.claim_due(5) == []


async def test_solved_and_satisfied_archives(desk: Desk) -> None:
    done = await ended(desk, "answered", SOLVED)
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
    desk: Desk, outcome: str, facts: dict[str, str], reason: str
) -> None:
    task = await ended(desk, outcome, facts)
    assert (task.state, task.channel, task.rule_number) == (CallbackState.WAITING, Channel.HUMAN, 11)
    assert (task.reason, task.not_before) == (reason, desk.clock.now())
    assert desk.cases.results[0].verdict is CallbackVerdict.NEEDS_PERSON


async def test_a_danger_said_to_be_over_calls_for_a_person_within_ten_minutes(desk: Desk) -> None:
    task = await ended(desk, "answered", {**SOLVED, "verify": "漏气"})
    assert (task.channel, task.priority) == (Channel.HUMAN, 0)
    assert task.due_at == desk.clock.now() + timedelta(minutes=10)


async def test_an_appointment_is_kept_the_next_afternoon_in_spite_of_the_24_hours(desk: Desk) -> None:
    task = await ended(desk, "appointment", {"appointment": "afternoon"})
    assert (task.channel, task.not_before) == (Channel.AI_VOICE, local("2026-11-25T14:30"))
    desk.clock.set_to(local("2026-11-25T14:30"))
    assert len(await desk.services.ai.claim_due(5)) == 1


async def test_never_again_is_registered_and_nobody_calls(desk: Desk) -> None:
    task = await ended(desk, "refused", {"refuses": "callbacks"})
    assert (task.state, task.needs_approval) == (CallbackState.REFUSED, True)
    assert await desk.alerts() == ["callback.refused"]
    await desk.services.approvals.approve_refused(task.id, "lead", "同意")
    await desk.deliver()
    (result,) = desk.cases.results
    assert (result.verdict, result.role, result.channel) == (CallbackVerdict.REFUSED, Role.CALLBACK, "ai")


async def test_two_unanswered_calls_in_two_windows_then_a_person(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    for call, moment in (("call-1", "2026-11-24T09:05"), ("call-2", "2026-11-24T14:35")):
        desk.clock.set_to(local(moment))
        (task,) = await desk.services.ai.claim_due(5)
        nobody = AiDecision(AiAction.NOT_REACHED, "", "无人接听", partial=True)
        await desk.services.ai.ended(task, AiEnd(call, nobody, {}, "无人接听"))
    task_now = await desk.callback(callback.id)
    assert (task_now.channel, task_now.rule_number, task_now.ai_unanswered) == (Channel.HUMAN, 14, 2)
    assert task_now.not_before == local("2026-11-25T09:00")  # two calls in vain a day are enough


async def test_a_result_under_a_lost_lease_is_refused(desk: Desk) -> None:
    await desk.due(phone=FIXED)
    (task,) = await desk.services.ai.claim_due(5)
    desk.clock.advance(LEASE.total_seconds() + 1)
    assert await desk.services.recovery.recover() == 1
    with pytest.raises(CallbackTaken):
        await desk.services.ai.ended(task, AiEnd("call-1", decide_ai("answered", SOLVED), SOLVED, ""))


async def test_a_call_that_rang_when_its_server_died_is_counted_and_made_again(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    await desk.services.ai.claim_due(5)
    desk.clock.advance(LEASE.total_seconds() + 1)
    survivor = desk.restarted("server-2")
    assert await survivor.recovery.recover() == 1
    task = await desk.callback(callback.id)
    assert (task.state, task.channel, task.ai_unanswered) == (CallbackState.WAITING, Channel.AI_VOICE, 1)
    assert len(await survivor.ai.claim_due(5)) == 1


async def test_a_call_that_was_answered_when_its_server_died_goes_to_a_person(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    (task,) = await desk.services.ai.claim_due(5)
    await desk.services.ai.answered(task, "call-1")
    desk.clock.advance(LEASE.total_seconds() + 1)
    await desk.restarted("server-2").tick()
    handed = await desk.callback(callback.id)
    assert (handed.channel, handed.rule_number) == (Channel.HUMAN, 11)


async def test_renewing_keeps_lease_and_lock(desk: Desk) -> None:
    await desk.due(phone=FIXED)
    (task,) = await desk.services.ai.claim_due(5)
    desk.clock.advance(1500)
    assert await desk.services.ai.renew(task)
    desk.clock.advance(1500)
    assert await desk.services.recovery.recover() == 0


async def test_a_server_that_starts_again_takes_up_its_own_calls_at_once(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    (task,) = await desk.services.ai.claim_due(5)
    await desk.services.ai.answered(task, "call-1")
    assert await desk.restarted("server-2").recovery.recover_own() == 0
    assert await desk.restarted("server-1").recovery.recover_own() == 1
    handed = await desk.callback(callback.id)
    assert (handed.channel, handed.rule_number) == (Channel.HUMAN, 11)
    async with desk.uow_factory() as uow:
        assert await uow.contact_locks.of(callback.phone_key, desk.clock.now()) is None
        (attempt,) = await uow.contacts.attempts(callback.phone_key, desk.clock.now() - timedelta(days=1))
    assert attempt.reached


async def test_whoever_wants_no_machine_since_the_plan_was_made_is_left_to_a_person(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    wish = Wish(phone_key=callback.phone_key, kind=WishKind.NO_AI, words="别用机器人", at=desk.clock.now(), by="0007")
    async with desk.uow_factory() as uow:
        await uow.contacts.add_wish(wish)
        await uow.commit()
    assert await desk.services.ai.claim_due(5) == []
    task = await desk.callback(callback.id)
    assert (task.channel, task.rule_number) == (Channel.HUMAN, 12)


async def test_a_call_that_our_own_lines_could_not_make_is_no_attempt_and_waits_a_little(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    (task,) = await desk.services.ai.claim_due(5)
    no_line = AiDecision(AiAction.NOT_REACHED, "", "线路故障", partial=True)
    await desk.services.ai.ended(task, AiEnd("call-1", no_line, {}, "线路故障", rang=False))
    later = await desk.callback(callback.id)
    assert (later.channel, later.ai_unanswered) == (Channel.AI_VOICE, 0)
    assert later.not_before == desk.clock.now() + timedelta(minutes=5)


async def survey_then_dialled(desk: Desk) -> tuple[Callback, AiTask]:
    """A survey without answer, and the machine ringing the same user the next day."""
    callback = await desk.surveyed()
    desk.clock.set_to(local("2026-11-25T09:10"))
    await desk.services.surveys.give_up_unanswered()
    (task,) = await desk.services.ai.claim_due(1)
    return callback, task


async def test_a_reply_while_it_rings_counts_if_the_call_is_not_answered(desk: Desk) -> None:
    callback, task = await survey_then_dialled(desk)
    await desk.reply(callback, "1", "满意")
    nobody = AiDecision(AiAction.NOT_REACHED, "", "无人接听", partial=True)
    await desk.services.ai.ended(task, AiEnd("call-1", nobody, {}, "无人接听"))
    await desk.deliver()
    done = await desk.callback(callback.id)
    assert (done.state, done.rating) == (CallbackState.DONE, "满意")
    (result,) = desk.cases.results
    assert (result.channel, result.sms_id) == ("sms", callback.sms_id)


async def test_a_bad_reply_while_the_user_praises_by_voice_is_a_contradiction_for_a_person(desk: Desk) -> None:
    callback, task = await survey_then_dialled(desk)
    await desk.reply(callback, "3", "不满意")
    await desk.services.ai.ended(task, AiEnd("call-1", decide_ai("answered", SOLVED), SOLVED, "answered"))
    handed = await desk.callback(callback.id)
    assert (handed.state, handed.channel, handed.rule_number) == (CallbackState.WAITING, Channel.HUMAN, 8)


async def test_whoever_was_contacted_meanwhile_is_dialled_a_day_later(desk: Desk) -> None:
    callback = await desk.due(phone=FIXED)
    other = await desk.due("RX20261124-0032", FIXED, case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(other.id, "0007")
    await desk.services.human.release(callback.id, "0007")
    async with desk.uow_factory() as uow:
        again = await uow.callbacks.get(callback.id)
        again.channel = Channel.AI_VOICE
        await uow.commit()
    await desk.services.human.finish(other.id, "0007", GOOD)
    assert await desk.services.ai.claim_due(5) == []
    assert (await desk.callback(callback.id)).not_before == local("2026-11-25T09:05")


def test_every_matter_has_its_recorded_words() -> None:
    prompts = Prompts()
    unknown = prompts.file("matter.unknown").path
    spoken = {matter.code: prompts.pieces(matter.code)[0].path for matter in standard_matters()}
    assert [code for code, path in spoken.items() if path == unknown] == []
