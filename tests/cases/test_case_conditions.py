"""Each condition of the table refuses in Chinese and by rule; the invariants among them."""

from datetime import timedelta

import pytest

from cases.case_effects import CasePolicy, make_move
from cases.case_states import CaseMove, CaseState
from cases.master_data import CaseType, Role, Source, Urgency
from tests.fakes.cases_made import NOW, WHOLE, attempt, case_in, refused

pytestmark = pytest.mark.unit

S, M, R = CaseState, CaseMove, Role


def test_a_help_case_is_not_answered_away_at_the_desk() -> None:
    assert "只有咨询、表扬、无效件" in refused(case_in(S.ACCEPTED), M.ANSWER_DIRECTLY, R.AGENT)


def test_only_a_danger_is_dispatched_in_one_step_and_only_when_repeated_back() -> None:
    assert "仅 P0" in refused(case_in(S.ACCEPTED), M.P0_DISPATCH, R.AGENT)
    danger = case_in(S.ACCEPTED, urgency=Urgency.P0)
    assert "复述确认" in refused(danger, M.P0_DISPATCH, R.AGENT, {**WHOLE, "repeated_back": False})


def test_a_bot_never_closes_a_danger() -> None:
    case = case_in(S.CALLBACK_DUE, urgency=Urgency.P0)
    assert "不变量④" in refused(case, M.CB_SATISFIED, R.BOT)


@pytest.mark.parametrize(
    ("name", "empty"), [("case_type", None), ("demand", ""), ("phone_key", None), ("address", ""), ("calls", [])]
)
def test_saving_asks_for_what_an_accepted_case_must_hold(name: str, empty: object) -> None:
    case = case_in(S.ACCEPTED, **{name: empty})
    assert "§2.1 S1" in refused(case, M.SAVE, R.AGENT, {})


def test_advice_needs_no_address_and_an_anonymous_user_no_number() -> None:
    case = case_in(S.ACCEPTED, case_type=CaseType.CONSULT, address="", phone_key=None, is_anonymous=True)
    make_move(case, attempt(M.SAVE, R.AGENT, {}), CasePolicy())
    assert case.state is S.SORTED


def test_a_forwarded_case_is_classified_only_with_its_number_and_limit() -> None:
    case = case_in(S.SORTED, source=Source.CITY_HOTLINE)
    assert "来件编号" in refused(case, M.CLASSIFY, R.SORTER, {})
    make_move(case, attempt(M.CLASSIFY, R.SORTER, {"forward_number": "12345-1", "forward_due_at": NOW}), CasePolicy())
    assert case.state is S.REVIEWED


def test_a_second_unit_reject_leaves_the_unit_to_the_manager_and_a_third_is_refused() -> None:
    case, policy = case_in(S.REVIEWED), CasePolicy()
    for _ in range(2):
        make_move(case, attempt(M.ASSIGN, R.SPECIALIST), policy)
        make_move(case, attempt(M.UNIT_REJECT, R.UNIT_DISPATCH), policy)
    assert case.responsible_role is R.MANAGER
    assert case.timer("T_ruling") is not None
    assert "负责人裁定" in refused(case, M.ASSIGN, R.SPECIALIST)
    make_move(case, attempt(M.ASSIGN, R.MANAGER), policy)
    assert "不得再退单" in refused(case, M.UNIT_REJECT, R.UNIT_DISPATCH)


def test_a_unit_rejects_within_thirty_minutes_or_not_at_all() -> None:
    case = case_in(S.ASSIGNED, assigned_at=NOW - timedelta(minutes=31))
    assert "超过 30 分钟" in refused(case, M.UNIT_REJECT, R.UNIT_DISPATCH)


def test_several_units_are_led_by_the_first() -> None:
    case = case_in(S.REVIEWED, first_unit="甲")
    assert "首问单位(甲)" in refused(case, M.ASSIGN, R.SPECIALIST, {"unit": "乙", "co_units": ("甲",)})
    make_move(case, attempt(M.ASSIGN, R.SPECIALIST, {"unit": "甲", "co_units": ("乙",)}), CasePolicy())
    assert (case.unit, case.co_units) == ("甲", ("乙",))


def test_a_complaint_is_neither_handled_nor_asked_about_by_the_person_it_is_about() -> None:
    case = case_in(S.REVIEWED, complained_staff="zhao")
    assert "被投诉人本人" in refused(case, M.ASSIGN, R.SPECIALIST, {"unit": "甲", "handler": "zhao"})
    assert "不变量⑧" in refused(case_in(S.CALLBACK_DUE, complained_staff="zhao"), M.CB_SATISFIED, R.CALLBACK)


def test_one_extension_and_no_more() -> None:
    assert "已延期一次" in refused(case_in(S.IN_PROGRESS, extensions=1), M.EXTEND, R.MANAGER)
    past = {**WHOLE, "due_at": NOW - timedelta(hours=1)}
    assert "晚于现在" in refused(case_in(S.IN_PROGRESS), M.EXTEND, R.MANAGER, past)


def test_after_a_return_a_machine_cannot_finish_the_callback() -> None:
    case = case_in(S.CALLBACK_DUE, needs_person=True)
    assert "人工回访" in refused(case, M.CB_SATISFIED, R.BOT)
    make_move(case, attempt(M.CB_SATISFIED, R.CALLBACK), CasePolicy())
    assert case.state is S.ARCHIVED


def test_staff_write_a_rating_down_only_with_the_call_that_proves_it() -> None:
    assert "不变量⑥" in refused(case_in(S.CALLBACK_DUE), M.CB_SATISFIED, R.CALLBACK, {"rating": "满意"})
    assert "不能按满意归档" in refused(
        case_in(S.CALLBACK_DUE), M.CB_SATISFIED, R.CALLBACK, {**WHOLE, "rating": "不满意"}
    )


def test_giving_up_needs_three_tries_two_windows_and_sometimes_approval() -> None:
    assert "≥3 次" in refused(case_in(S.CALLBACK_DUE), M.UNREACHABLE, R.CALLBACK, {**WHOLE, "attempts": 2})
    complaint = case_in(S.CALLBACK_DUE, case_type=CaseType.COMPLAINT)
    assert "逐件批准" in refused(complaint, M.UNREACHABLE, R.CALLBACK, {**WHOLE, "approved_by": ""})
    make_move(complaint, attempt(M.UNREACHABLE, R.CALLBACK), CasePolicy())
    assert complaint.unreached and complaint.callbacks[-1].approved_by == "周经理"
