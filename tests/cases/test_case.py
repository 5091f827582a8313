"""A case keeps its history whole and its invariants, whatever is tried in whatever order (domain rules §2.2 ①–⑧)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cases.case_conditions import Attempt
from cases.case_effects import CasePolicy, make_move
from cases.case_moves import TRANSITIONS
from cases.case_records import first_broken
from cases.case_states import CaseMove, CaseState
from cases.errors import MoveRefused
from cases.master_data import CaseType, Role, Source, Urgency
from cases.sorting import Suggestion
from tests.fakes.cases_made import NOW, WHOLE, case_in

pytestmark = pytest.mark.unit

COUNTERS = ("format_returns", "mismatch_count", "unit_rejects", "transfers", "extensions", "reminders")
UNITS = ("甲", "乙", "丙")
REACHED: set[CaseState] = set()


class AnyTries(RuleBasedStateMachine):
    """Anybody tries anything; what goes through must leave the invariants standing."""

    @initialize(
        state=st.sampled_from([state for state in CaseState if not state.is_final]),
        kind=st.sampled_from(CaseType),
        urgency=st.sampled_from(Urgency),
        source=st.sampled_from(Source),
    )
    def a_case_stands_somewhere(self, state: CaseState, kind: CaseType, urgency: Urgency, source: Source) -> None:
        self.at: datetime = NOW
        self.case = case_in(state, case_type=kind, urgency=urgency, source=source)
        self.case.record("create", by="li", role=Role.AGENT, at=NOW, from_state=None)
        self.counters = dict.fromkeys(COUNTERS, 0)
        self.last = (self.case.state, None)
        self.closed_by: tuple[CaseMove, Role] | None = None

    @rule(
        move=st.sampled_from(CaseMove),
        role=st.sampled_from(Role),
        unit=st.sampled_from(UNITS),
        whole=st.booleans(),
        minutes=st.integers(0, 90),
    )
    def somebody_tries(self, move: CaseMove, role: Role, unit: str, whole: bool, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        fields: dict[str, Any] = {**WHOLE, "unit": unit, "due_at": self.at + timedelta(days=1), "case_type": None}
        if not whole:
            fields = {"unit": unit, "submit_anyway": True, "result": "已处理"}
        before = (self.case.state, self.case.version, len(self.case.events), len(self.case.feedbacks))
        try:
            make_move(self.case, Attempt(move, "zhao", role, self.at, "按规定", fields), CasePolicy())
        except MoveRefused as refused:
            assert (self.case.state, self.case.version, len(self.case.events), len(self.case.feedbacks)) == before
            assert refused.reason and refused.rule
            return
        REACHED.add(self.case.state)
        if self.case.state.is_final and not before[0].is_final:
            self.closed_by = (move, role)

    @rule(pick=st.integers(0, 10_000), unit=st.sampled_from(UNITS), whole=st.booleans(), minutes=st.integers(0, 40))
    def somebody_entitled_tries(self, pick: int, unit: str, whole: bool, minutes: int) -> None:
        open_moves = [
            (row.move, role)
            for row in TRANSITIONS
            if self.case.state in row.states and row.move is not CaseMove.VOID
            for role in row.roles
        ]
        if open_moves:
            move, role = open_moves[pick % len(open_moves)]
            self.somebody_tries(move, role, unit, whole, minutes)

    @rule()
    def the_user_comes_again(self) -> None:
        if self.case.is_open:
            self.case.remind(by="li", role=Role.AGENT, at=self.at, reason="再次来电")

    @invariant()
    def one_role_is_responsible(self) -> None:  # ①
        if hasattr(self, "case"):
            assert isinstance(self.case.responsible_role, Role)

    @invariant()
    def each_move_left_a_sealed_event(self) -> None:  # ②
        if hasattr(self, "case"):
            assert first_broken(self.case.events) is None
            assert self.case.events[-1].to_state == self.case.state.value

    @invariant()
    def counters_only_grow(self) -> None:  # ③
        if hasattr(self, "case"):
            now = {name: getattr(self.case, name) for name in COUNTERS}
            assert all(now[name] >= self.counters[name] for name in COUNTERS)
            self.counters = now

    @invariant()
    def no_machine_closed_a_danger(self) -> None:  # ④
        if hasattr(self, "case") and self.closed_by and self.case.is_p0:
            assert self.closed_by[1] not in (Role.BOT, Role.SYSTEM)

    @invariant()
    def the_archive_holds_feedback_and_callback(self) -> None:  # ⑤
        if hasattr(self, "case") and self.case.state is CaseState.ARCHIVED and self.closed_by:
            if self.closed_by[0] is CaseMove.ANSWER_DIRECTLY:
                return
            assert self.case.feedbacks
            assert self.case.callbacks or self.case.callback_exemption

    @invariant()
    def a_closed_case_has_no_running_clock(self) -> None:
        if hasattr(self, "case") and self.case.state.is_final:
            assert not any(timer.is_running for timer in self.case.timers)

    @invariant()
    def four_transfers_are_never_left_unjudged(self) -> None:  # §2.4
        if hasattr(self, "case") and self.case.transfers >= 4:
            assert CaseMove.TRANSFERS_EXCEEDED in {event.move for event in self.case.events}


TestAnyTries = pytest.mark.unit(AnyTries.TestCase)
TestAnyTries.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)


def test_a_changed_history_is_found() -> None:
    case = case_in(CaseState.ACCEPTED)
    for move in ("create", "note", "note"):
        case.record(move, by="li", role=Role.AGENT, at=NOW, from_state=None)
    case.events[1].reason = "后来改的"
    assert first_broken(case.events) is case.events[1]
    del case.events[1]
    assert first_broken(case.events) is case.events[1]


def test_the_third_call_raises_the_case() -> None:
    case = case_in(CaseState.IN_PROGRESS)
    case.remind(by="li", role=Role.AGENT, at=NOW, reason="催")
    assert (case.reminders, case.urgency) == (1, Urgency.P2)
    case.remind(by="li", role=Role.AGENT, at=NOW, reason="催")
    assert (case.reminders, case.urgency) == (2, Urgency.P1)


def test_urgency_is_only_ever_raised() -> None:
    case = case_in(CaseState.IN_PROGRESS, urgency=Urgency.P0)
    assert not case.raise_urgency(Urgency.P1, by="system", at=NOW, reason="热点")
    assert case.urgency is Urgency.P0


def test_a_suggestion_never_touches_what_was_confirmed_and_danger_is_not_taken_back() -> None:
    case = case_in(CaseState.ACCEPTED)
    case.suggest(Suggestion(CaseType.EMERGENCY, "GAS_LEAK", Urgency.P0, 1.0, "安全词"))
    assert (case.case_type, case.matter, case.urgency) == (CaseType.HELP, "HEAT_NONE", Urgency.P2)
    assert not case.suggest(Suggestion(CaseType.PRAISE, "STAFF_SERVICE", Urgency.P3, 0.8, "表扬"))
    assert case.suggested_type is CaseType.EMERGENCY


@pytest.mark.parametrize(
    ("given", "exemption"),
    [
        ({"case_type": CaseType.PRAISE}, "表扬类不回访"),
        ({"refuses_callback": True}, "用户声明拒访"),
        ({"is_anonymous": True}, "匿名无电话"),
        ({"phone_key": None}, "无联系电话"),
        ({"phone_key": None, "identity_withheld": True}, ""),
        ({}, ""),
    ],
)
def test_who_is_not_called_back_and_why(given: dict[str, Any], exemption: str) -> None:
    assert case_in(CaseState.CHECKING, **given).callback_exemption == exemption


def test_the_last_callback_note_carries_the_approval() -> None:
    case = case_in(CaseState.JUDGED)
    note = case.callbacks[-1]
    case.approve_unreached("周经理")
    assert case.callbacks == (replace(note, approved_by="周经理"),)
