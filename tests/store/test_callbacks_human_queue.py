"""The human callback queue on both databases: claims, results, unreached users, approvals."""

from dataclasses import replace

import pytest

from callbacks.answer import ReasonCode, WishKind
from callbacks.callback import CallbackState
from callbacks.contact_lock import LEASE
from callbacks.errors import (
    CallbackMoveRefused,
    CallbackTaken,
    ContactLocked,
    ResultIncomplete,
)
from callbacks.human_result import HumanOutcome, HumanResult
from callbacks.windows import Channel
from cases.commands import CallbackVerdict
from cases.master_data import CaseType, Role, Urgency
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.callback_desk import FIXED, GOOD, Desk, local
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneKeyer

pytestmark = pytest.mark.store


@pytest.fixture
def desk(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> Desk:
    return Desk(uow_factory, clock, phone_keyer)


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


async def test_tasks_are_taken_in_order_and_each_by_one_person(desk: Desk) -> None:
    later = await desk.due("RX20261124-0001", "13800000001", case_type=CaseType.HELP, is_forwarded=True)
    first = await desk.due("RX20261124-0002", "13800000002", case_type=CaseType.COMPLAINT)
    claims = [await desk.services.human.claim_next(staff) for staff in ("0007", "0008", "0009")]
    assert [claim.callback_ids if claim else None for claim in claims] == [(first.id,), (later.id,), None]


async def test_a_claim_stops_what_is_pending_about_the_same_person(desk: Desk) -> None:
    person = await desk.due("RX20261124-0001", case_type=CaseType.COMPLAINT)
    survey = await desk.due("RX20261124-0002")
    await desk.services.surveys.send_due()
    claim = await desk.services.human.claim(person.id, "0007")
    assert set(claim.callback_ids) == {person.id, survey.id}
    (sms,) = await desk.sms()
    assert sms.state.value == "cancelled"
    assert (await desk.callback(survey.id)).channel is Channel.HUMAN


async def test_a_person_on_the_line_with_the_machine_cannot_be_claimed(desk: Desk) -> None:
    await desk.due("RX20261124-0001", FIXED)
    complaint = await desk.due("RX20261124-0002", FIXED, case_type=CaseType.COMPLAINT)
    await desk.services.ai.claim_due(5)
    with pytest.raises(ContactLocked):
        await desk.services.human.claim(complaint.id, "0007")


async def test_a_person_on_the_line_does_not_hold_up_the_next_task(desk: Desk) -> None:
    await desk.due("RX20261124-0001", FIXED)
    await desk.due("RX20261124-0002", FIXED, case_type=CaseType.COMPLAINT)
    other = await desk.due("RX20261124-0003", "13800000003", case_type=CaseType.COMPLAINT)
    await desk.services.ai.claim_due(5)
    claim = await desk.services.human.claim_next("0007")
    assert claim is not None
    assert claim.callback_ids == (other.id,)


async def test_the_machine_does_not_dial_whom_a_person_has_claimed(desk: Desk) -> None:
    complaint = await desk.due("RX20261124-0001", FIXED, case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(complaint.id, "0007")
    await desk.due("RX20261124-0002", FIXED)
    assert await desk.services.ai.claim_due(5) == []


async def test_nobody_asks_about_a_complaint_against_himself(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT, complained_staff="0007")
    assert await desk.services.human.claim_next("0007") is None
    with pytest.raises(CallbackMoveRefused):
        await desk.services.human.claim(task.id, "0007")


async def test_satisfied_archives_and_frees_the_person(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    assert await desk.services.human.finish(task.id, "0007", GOOD) is CallbackState.DONE
    await desk.deliver()
    (result,) = desk.cases.results
    assert (result.verdict, result.by, result.call_id) == (CallbackVerdict.SATISFIED, "0007", "call-9")
    async with desk.uow_factory() as uow:
        assert await uow.contact_locks.of(task.phone_key, desk.clock.now()) is None


async def test_a_mismatch_is_told_to_the_case_after_its_new_demand(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    await desk.services.human.finish(task.id, "0007", MISMATCH)
    await desk.deliver()
    assert [(move.event.value, move.fields["demand"]) for move in desk.cases.moves] == [("new_demand", "想测室温")]
    (result,) = desk.cases.results
    assert (result.verdict, result.reason) == (CallbackVerdict.MISMATCH, "未到场:没人来过")


async def test_an_incomplete_result_names_what_is_missing(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    with pytest.raises(ResultIncomplete) as refused:
        await desk.services.human.finish(task.id, "0007", HumanResult(outcome=HumanOutcome.SATISFIED))
    assert set(refused.value.missing) >= {"call_id", "identity_checked", "feedback_read", "resolved", "rating"}


async def test_only_the_holder_finishes_or_releases(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    with pytest.raises(CallbackTaken):
        await desk.services.human.finish(task.id, "0008", GOOD)
    await desk.services.human.release(task.id, "0007")
    claim = await desk.services.human.claim(task.id, "0008")
    assert claim.callback_ids == (task.id,)


async def test_a_claim_of_somebody_who_vanished_goes_back(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    desk.clock.advance(LEASE.total_seconds() + 1)
    await desk.services.tick()
    assert (await desk.callback(task.id)).state is CallbackState.WAITING
    assert await desk.services.human.claim(task.id, "0008")


async def test_unreached_three_times_in_two_windows_is_told_by_sms_and_waits_for_approval(desk: Desk) -> None:
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
    await desk.services.approvals.approve_unreached(task.id, "lead", "三次未接通")
    await desk.deliver()
    (result,) = desk.cases.results
    assert (result.verdict, result.attempts, result.windows, result.sms_sent, result.approved_by) == (
        CallbackVerdict.UNREACHABLE,
        3,
        3,
        True,
        "lead",
    )


async def test_the_next_try_is_in_another_window(desk: Desk) -> None:
    task = await desk.due(urgency=Urgency.P1)
    await desk.services.human.claim(task.id, "0007")
    await desk.services.human.finish(task.id, "0007", NOBODY)
    assert (await desk.callback(task.id)).not_before == local("2026-11-24T14:30")


async def test_a_user_who_rings_back_is_asked_in_that_call(desk: Desk) -> None:
    task = await desk.surveyed()
    claim = await desk.services.human.take_over(task.phone_key, "0007")
    assert claim is not None
    assert claim.callback_ids == (task.id,)
    await desk.services.human.finish(task.id, "0007", GOOD)
    assert (await desk.callback(task.id)).state is CallbackState.DONE


async def test_a_refusal_is_registered_with_the_users_words(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    refused = HumanResult(outcome=HumanOutcome.REFUSED, call_id="call-9", identity_checked=True, words="别再打了")
    await desk.services.human.finish(task.id, "0007", refused)
    async with desk.uow_factory() as uow:
        assert await uow.contacts.wishes(task.phone_key) == {WishKind.NO_CALLBACK}
    assert await desk.alerts() == ["callback.refused"]
    await desk.deliver()
    assert desk.cases.results == []
    await desk.services.approvals.approve_refused(task.id, "lead", "用户明确拒绝")
    await desk.deliver()
    (result,) = desk.cases.results
    assert (result.verdict, result.words, result.approved_by) == (CallbackVerdict.REFUSED, "别再打了", "lead")
    assert (result.by, result.role, result.call_id) == ("lead", Role.CALLBACK, "call-9")
    with pytest.raises(CallbackMoveRefused):
        await desk.services.approvals.approve_refused(task.id, "lead", "再批一次")


async def test_who_refused_once_is_not_asked_about_the_next_case_and_the_approval_carries_those_words(
    desk: Desk,
) -> None:
    first = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(first.id, "0007")
    refused = HumanResult(outcome=HumanOutcome.REFUSED, call_id="call-9", identity_checked=True, words="别再打了")
    await desk.services.human.finish(first.id, "0007", refused)
    second = await desk.due("RX20261124-0032", case_type=CaseType.COMPLAINT)
    assert (second.state, second.needs_approval) == (CallbackState.REFUSED, True)
    await desk.services.approvals.approve_refused(second.id, "lead", "已登记拒访")
    await desk.deliver()
    assert [(each.case_number, each.words) for each in desk.cases.results] == [("RX20261124-0032", "别再打了")]


async def test_an_approved_deferral_comes_first_on_its_day(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.approvals.defer(task.id, local("2026-11-26T08:00"), "lead", "用户出差")
    deferred = await desk.callback(task.id)
    assert (deferred.not_before, deferred.priority) == (local("2026-11-26T09:00"), 0)


async def test_what_is_found_unsolved_after_archiving_becomes_a_new_case(desk: Desk) -> None:
    survey = await desk.surveyed()
    await desk.reply(survey, "1", "满意")
    desk.clock.advance(3600)
    await desk.reply(survey, "3", "不满意")
    (task,) = [each for each in await desk.all() if each.late]
    await desk.services.human.claim(task.id, "0007")
    await desk.services.human.finish(task.id, "0007", replace(MISMATCH, new_demand=""))
    await desk.deliver()
    assert [(move.event.value, move.fields) for move in desk.cases.moves] == [
        ("late_dissatisfied", {"words": "3"}),
        ("reopen", {"demand": "没人来过"}),
    ]
    assert [result.verdict for result in desk.cases.results] == [CallbackVerdict.SATISFIED]


async def test_renewing_holds_task_and_lock_through_a_long_call(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    desk.clock.advance(1500)
    assert await desk.services.human.renew(task.id, "0007") == desk.clock.now() + LEASE
    desk.clock.advance(1500)
    await desk.services.tick()
    assert (await desk.callback(task.id)).lease_holder == "0007"
    with pytest.raises(CallbackTaken):
        await desk.services.human.renew(task.id, "0008")


async def test_a_task_that_is_over_is_neither_claimed_nor_put_off_nor_approved(desk: Desk) -> None:
    task = await desk.due(case_type=CaseType.COMPLAINT)
    await desk.services.human.claim(task.id, "0007")
    await desk.services.human.finish(task.id, "0007", GOOD)
    with pytest.raises(CallbackMoveRefused):
        await desk.services.human.claim(task.id, "0007")
    with pytest.raises(CallbackMoveRefused):
        await desk.services.approvals.defer(task.id, local("2026-11-26T09:00"), "lead", "用户出差")
    with pytest.raises(CallbackMoveRefused):
        await desk.services.approvals.approve_unreached(task.id, "lead", "三次未接通")
