"""Every row of the table of moves goes through when its conditions hold, and nothing else does."""

from pathlib import Path
from typing import Any

import pytest

from cases.case import Case
from cases.case_conditions import Attempt
from cases.case_effects import CasePolicy, make_move
from cases.case_moves import STAYS, TRANSITIONS, Transition, allowed_moves, as_markdown
from cases.case_states import STATES, CaseMove, CaseState
from cases.errors import MoveRefused
from cases.master_data import CaseType, Role, Urgency
from tests.fakes.cases_made import WHOLE, attempt, case_in

pytestmark = pytest.mark.unit

S, M, R = CaseState, CaseMove, Role

SPECIAL: dict[tuple[CaseMove, CaseState], dict[str, Any]] = {
    (M.ANSWER_DIRECTLY, S.ARCHIVED): {"case_type": CaseType.CONSULT},
    (M.P0_DISPATCH, S.ASSIGNED): {"urgency": Urgency.P0},
    (M.SUPPLEMENT, S.ASSIGNED): {"urgency": Urgency.P0},
    (M.TRANSFERS_EXCEEDED, S.JUDGED): {"transfers": 4},
    (M.UNIT_DECIDED, S.ASSIGNED): {"judged_because": "transfers"},
    (M.PRECHECK_OK, S.ARCHIVED): {"case_type": CaseType.CONSULT},
    (M.CB_MISMATCH, S.JUDGED): {"mismatch_count": 1},
    (M.CB_TOLD, S.ARCHIVED): {"case_type": CaseType.SUGGEST},
}


def prepared(row: Transition, state: CaseState, role: Role) -> tuple[Case, Attempt]:
    """A case and an attempt for which this row must go through."""
    case = case_in(state, **SPECIAL.get((row.move, row.to), {}))
    if row.move is M.ASSIGN and role is R.MANAGER:
        case.unit_rejects = 2
    fields = dict(WHOLE)
    if row.move is M.ANSWER_DIRECTLY:
        fields["case_type"] = "CONSULT"
    return case, attempt(row.move, role, fields)


ROWS = [
    pytest.param(row, state, role, id=f"{state.facts.code}-{row.move}-{row.to.facts.code}-{role}")
    for row in TRANSITIONS
    for state in row.states
    for role in row.roles
]


@pytest.mark.parametrize(("row", "state", "role"), ROWS)
def test_an_allowed_move_leads_where_the_table_says(row: Transition, state: CaseState, role: Role) -> None:
    case, tried = prepared(row, state, role)
    steps = make_move(case, tried, CasePolicy())
    assert steps[0].to_state is (state if row.move in STAYS else row.to)
    assert case.events[-1].from_state == state.value
    assert case.events[-1].by == "zhao"


@pytest.mark.parametrize("state", list(CaseState))
@pytest.mark.parametrize("move", list(CaseMove))
def test_a_move_without_a_row_is_refused_in_chinese_with_its_rule(state: CaseState, move: CaseMove) -> None:
    if any(state in row.states and row.move is move for row in TRANSITIONS):
        return
    case = case_in(state)
    with pytest.raises(MoveRefused, match="不能做") as refused:
        make_move(case, attempt(move, R.SHIFT_LEAD), CasePolicy())
    assert (refused.value.state, refused.value.move, refused.value.rule) == (state.value, move.value, "§2.2")
    assert case.state is state and not case.events


@pytest.mark.parametrize("row", TRANSITIONS, ids=lambda row: f"{row.move}-{row.to}")
def test_other_roles_are_refused_by_name(row: Transition) -> None:
    state = row.states[0]
    allowed = {
        role for other in TRANSITIONS if other.move is row.move and state in other.states for role in other.roles
    }
    for role in set(Role) - allowed:
        case, _ = prepared(row, state, row.roles[0])
        with pytest.raises(MoveRefused, match="只能由"):
            make_move(case, attempt(row.move, role), CasePolicy())


@pytest.mark.parametrize(
    ("row", "name"),
    [pytest.param(row, name, id=f"{row.move}-{name}") for row in TRANSITIONS for name in row.fields],
)
def test_a_missing_field_is_named(row: Transition, name: str) -> None:
    case, tried = prepared(row, row.states[0], row.roles[0])
    fields = {key: value for key, value in tried.fields.items() if key != name}
    with pytest.raises(MoveRefused) as refused:
        make_move(case, attempt(row.move, row.roles[0], fields), CasePolicy())
    assert name in refused.value.missing
    assert row.fields[name] in refused.value.reason


@pytest.mark.parametrize("row", [row for row in TRANSITIONS if row.asks_reason], ids=lambda row: f"{row.move}-{row.to}")
def test_a_move_that_asks_why_is_refused_without(row: Transition) -> None:
    case, tried = prepared(row, row.states[0], row.roles[0])
    with pytest.raises(MoveRefused, match="原因"):
        make_move(case, attempt(row.move, row.roles[0], tried.fields, reason=" "), CasePolicy())


def test_the_written_table_is_covered_row_by_row() -> None:
    """domain rules §2.2: from, event, to, in short codes."""
    written = {
        ("S1", "answer_directly", "S7"), ("S1", "p0_dispatch", "S4"), ("S1", "save", "S2"), ("S2", "classify", "S3"),
        ("S2", "unclear", "S3R"), ("S3", "unclear", "S3R"), ("S3R", "clarified", "S3"), ("S3", "assign", "S4"),
        ("S4", "sign", "S4A"), ("S4", "unit_reject", "S3"), ("S3", "transfers_exceeded", "S6J"),
        ("S4", "transfers_exceeded", "S6J"), ("S4A", "transfers_exceeded", "S6J"), ("S4A", "wait_user", "S4B"),
        ("S4A", "extend", "S4C"), ("S4B", "resume", "S4A"), ("S4C", "resume", "S4A"), ("S6J", "unit_decided", "S4"),
        ("S4A", "feedback", "S5"), ("S5", "check", "S6"), ("S6", "precheck_fail", "S6R"), ("S6", "precheck_ok", "S6B"),
        ("S6", "precheck_ok", "S7"), ("S6B", "cb_satisfied", "S7"), ("S6B", "cb_mismatch", "S6R"),
        ("S6B", "cb_mismatch", "S6J"), ("S6B", "cb_dissatisfied_fact_ok", "S6J"), ("S6R", "feedback", "S5"),
        ("S6J", "unit_fault", "S6S"), ("S6J", "user_or_objective", "S7"), ("S6S", "resolved", "S6B"),
        ("S6B", "unreachable", "S7"), ("S6B", "new_demand", "S6B"), ("S7", "reopen", "S7"),
        ("S7", "late_dissatisfied", "S7"),
    }  # fmt: skip
    written |= {(facts.code, "void", "SX") for state, facts in STATES.items() if not state.is_final}
    ours = {
        (state.facts.code, row.move.value, row.to.facts.code) for row in TRANSITIONS for state in row.states
        if row.move not in (M.TRANSFER, M.CB_REFUSED, M.CB_TOLD, *STAYS)
    }  # fmt: skip
    assert ours == written


def test_an_agent_sees_what_may_be_done_with_a_fresh_case() -> None:
    assert allowed_moves(case_in(S.ACCEPTED), R.AGENT) == (M.ANSWER_DIRECTLY, M.P0_DISPATCH, M.SAVE)
    assert allowed_moves(case_in(S.ARCHIVED), R.UNIT_STAFF) == ()


def test_the_table_in_the_documents_is_this_table() -> None:
    document = Path(__file__).resolve().parents[2] / "docs" / "case-moves.md"
    assert document.read_text("utf-8") == as_markdown()
