"""What moves do beside changing the state: counters, feedbacks, limits, and the moves that follow by rule."""

from datetime import timedelta

import pytest

from cases.case_conditions import Attempt
from cases.case_effects import CasePolicy, make_move, start_matter_limits
from cases.case_states import CaseMove, CaseState
from cases.master_data import Role
from tests.fakes.cases_made import NOW, WHOLE, attempt, case_in, refused

pytestmark = pytest.mark.unit

S, M, R = CaseState, CaseMove, Role


def test_the_fourth_passing_on_brings_the_case_to_judgement_by_itself() -> None:
    case, policy = case_in(S.REVIEWED), CasePolicy()
    make_move(case, attempt(M.ASSIGN, R.SPECIALIST, {"unit": "甲"}), policy)
    for unit in ("乙", "丙"):
        make_move(case, attempt(M.TRANSFER, R.SPECIALIST, {"unit": unit}), policy)
    steps = make_move(case, attempt(M.TRANSFER, R.SPECIALIST, {"unit": "丁"}), policy)
    assert [step.move for step in steps] == [M.TRANSFER, M.TRANSFERS_EXCEEDED]
    assert (case.state, case.judged_because) == (S.JUDGED, "transfers")
    assert "尚无反馈" in refused(case, M.USER_OR_OBJECTIVE, R.INSPECTOR)
    make_move(case, attempt(M.UNIT_DECIDED, R.INSPECTOR, {"unit": "甲"}), policy)
    assert case.state is S.ASSIGNED


def test_a_thin_feedback_is_named_first_and_returned_by_itself_when_insisted_on() -> None:
    case, policy = case_in(S.IN_PROGRESS), CasePolicy()
    said = refused(case, M.FEEDBACK, R.UNIT_DISPATCH, {"result": "已处理"})
    assert "办理人、时间、措施、是否联系用户" in said
    make_move(case, attempt(M.FEEDBACK, R.UNIT_DISPATCH, {"result": "已处理", "submit_anyway": True}), policy)
    steps = make_move(case, attempt(M.CHECK, R.INSPECTOR, {}), policy)
    assert [step.move for step in steps] == [M.CHECK, M.PRECHECK_FAIL]
    assert (case.state, case.format_returns, case.mismatch_count) == (S.RETURNED, 1, 0)
    assert "办理人" in case.events[-1].reason


def test_a_claim_without_evidence_is_marked_for_the_inspector() -> None:
    case = case_in(S.IN_PROGRESS)
    make_move(case, attempt(M.FEEDBACK, R.UNIT_DISPATCH, {**WHOLE, "evidence": ()}), CasePolicy())
    assert case.feedback is not None and "未附" in case.feedback.suspect


def test_the_first_mismatch_returns_and_the_second_is_judged() -> None:
    case, policy = case_in(S.CALLBACK_DUE), CasePolicy()
    make_move(case, attempt(M.CB_MISMATCH, R.CALLBACK), policy)
    assert (case.state, case.mismatch_count, case.needs_person) == (S.RETURNED, 1, True)
    make_move(case, attempt(M.FEEDBACK, R.UNIT_DISPATCH), policy)
    make_move(case, attempt(M.CHECK, R.INSPECTOR), policy)
    make_move(case, attempt(M.PRECHECK_OK, R.INSPECTOR), policy)
    make_move(case, attempt(M.CB_MISMATCH, R.CALLBACK), policy)
    assert (case.state, case.mismatch_count, case.judged_because) == (S.JUDGED, 2, "mismatch")


def test_a_true_feedback_and_a_dissatisfied_user_are_judged_and_the_rating_stands() -> None:
    case, policy = case_in(S.CALLBACK_DUE), CasePolicy()
    make_move(case, attempt(M.CB_DISSATISFIED_FACT_OK, R.CALLBACK, {**WHOLE, "rating": "不满意"}), policy)
    make_move(case, attempt(M.USER_OR_OBJECTIVE, R.INSPECTOR), policy)
    assert (case.state, case.rating) == (S.ARCHIVED, "不满意")


def test_a_late_dissatisfied_answer_leaves_the_archived_rating_alone() -> None:
    case = case_in(S.ARCHIVED, rating="满意")
    make_move(case, attempt(M.LATE_DISSATISFIED, R.BOT), CasePolicy())
    assert (case.rating, case.late_dissatisfied, case.state) == ("满意", True, S.ARCHIVED)


def test_waiting_for_a_user_who_agreed_moves_the_limit_by_the_wait_but_never_natural_hours() -> None:
    case, policy = case_in(S.REVIEWED, matter="HEAT_MEASURE"), CasePolicy()
    make_move(case, attempt(M.ASSIGN, R.SPECIALIST, {"unit": "甲"}), policy)
    make_move(case, attempt(M.SIGN, R.UNIT_DISPATCH), policy)
    start_matter_limits(case, NOW, policy)
    close, temperature = case.timer("T_close"), case.timer("T_temp")
    assert close is not None and temperature is not None
    close_due, temperature_due = close.due_at, temperature.due_at
    make_move(case, attempt(M.WAIT_USER, R.UNIT_DISPATCH, {**WHOLE, "user_confirmed": True}), policy)
    later = Attempt(M.RESUME, "zhao", R.UNIT_DISPATCH, NOW + timedelta(hours=5), "")
    make_move(case, later, policy)
    assert close.due_at - close_due == timedelta(hours=5)
    assert temperature.due_at == temperature_due
