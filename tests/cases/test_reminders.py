"""Thresholds of the limits: which one is told, once, and with what words."""

from dataclasses import replace
from datetime import timedelta

import pytest

from cases.case_states import CaseState
from cases.reminders import RunningTimer, due_reminders
from tests.fakes.cases_made import NOW

pytestmark = pytest.mark.unit

ARRIVE = RunningTimer(
    timer_id=7,
    case_number="RX20261124-0001",
    name="T_arrive",
    started_at=NOW,
    due_at=NOW + timedelta(minutes=30),
    source="§2.3 T_arrive 30 min(市区)",
    warn_at=tuple(NOW + timedelta(minutes=minutes) for minutes in (15, 24, 30)),
    state=CaseState.ASSIGNED,
    is_p0=True,
)


@pytest.mark.parametrize(
    ("minutes", "kinds"),
    [(14, []), (15, ["timer.warning"]), (24, ["timer.warning"]), (30, ["timer.overdue"]), (90, ["timer.overdue"])],
)
def test_warnings_come_at_their_share_of_the_limit(minutes: int, kinds: list[str]) -> None:
    assert [each.kind for each in due_reminders([ARRIVE], NOW + timedelta(minutes=minutes))] == kinds


def test_a_threshold_that_was_told_is_not_told_again_and_the_next_one_is() -> None:
    told = replace(ARRIVE, told=frozenset({"0"}))
    assert due_reminders([told], NOW + timedelta(minutes=16)) == []
    (next_one,) = due_reminders([told], NOW + timedelta(minutes=24))
    assert (next_one.threshold, "80%" in next_one.reason) == ("1", True)


def test_after_a_long_stop_only_the_latest_is_told() -> None:
    (only,) = due_reminders([ARRIVE], NOW + timedelta(hours=5))
    assert only.threshold == "over"
    assert due_reminders([replace(ARRIVE, told=frozenset({"over"}))], NOW + timedelta(hours=6)) == []


@pytest.mark.parametrize(("state", "is_p0", "count"), [
    (CaseState.ASSIGNED, True, 1), (CaseState.IN_PROGRESS, True, 0), (CaseState.ASSIGNED, False, 0),
])  # fmt: skip
def test_only_a_dispatched_p0_that_nobody_signed_calls_the_next_of_the_chain(
    state: CaseState, is_p0: bool, count: int
) -> None:
    limit = replace(ARRIVE, name="T_state", due_at=NOW + timedelta(minutes=3), warn_at=(), state=state, is_p0=is_p0)
    found = due_reminders([limit], NOW + timedelta(minutes=3))
    assert [each.kind for each in found] == ["p0.unconfirmed"] * count
    assert all("值班链" in each.action for each in found)
