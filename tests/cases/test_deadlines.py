"""Each limit of domain rules §2.3 with its source, over nights, weekends and holidays."""

from datetime import UTC, datetime, timedelta

import pytest

from cases import deadlines
from cases.case_states import CaseState
from cases.deadlines import DeadlineRules
from cases.master_data import Urgency
from cases.working_calendar import WorkingCalendar
from vocabulary.clock import SHANGHAI

pytestmark = pytest.mark.unit

RULES, CALENDAR = DeadlineRules(), WorkingCalendar()


def local(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


@pytest.mark.parametrize(("district", "minutes"), [("市北", 30), ("", 30), ("黄岛", 60), ("即墨", 60)])
def test_the_rescue_team_arrives_in_half_an_hour_or_an_hour(district: str, minutes: int) -> None:
    limit = deadlines.arrive(local(24, 23, 40), district, RULES)
    assert limit.due_at - local(24, 23, 40) == timedelta(minutes=minutes)
    assert limit.warn_at[0] - local(24, 23, 40) == timedelta(minutes=minutes / 2)


def test_a_temperature_is_measured_in_24_natural_hours_also_on_a_saturday() -> None:
    limit = deadlines.temperature(local(28, 9), RULES)
    assert limit.due_at == local(29, 9)
    assert limit.warn_at == (local(29, 3), local(29, 7))
    assert limit.is_natural and "第二十一条" in limit.source


def test_the_user_is_contacted_by_urgency() -> None:
    signed = local(24, 9)
    due = {urgency: deadlines.contact(signed, urgency, RULES) for urgency in Urgency}
    assert {urgency: limit and limit.due_at - signed for urgency, limit in due.items()} == {
        Urgency.P0: timedelta(minutes=30),
        Urgency.P1: timedelta(minutes=30),
        Urgency.P2: timedelta(hours=2),
        Urgency.P3: None,
    }


def test_an_urgent_case_closes_in_a_day_and_a_plain_one_in_three_working_days() -> None:
    friday = local(27, 10)
    assert deadlines.close(friday, Urgency.P1, RULES, CALENDAR).due_at == local(28, 10)
    plain = deadlines.close(friday, Urgency.P2, RULES, CALENDAR)
    assert plain.due_at == local(2, 10, month=12)
    assert plain.warn_at == (local(1, 10, month=12), plain.due_at)  # yellow a working day before, red when over


def test_national_day_does_not_count() -> None:
    assert deadlines.close(local(30, 10, month=9), Urgency.P2, RULES, CALENDAR).due_at == local(10, 10, month=10)


def test_a_forwarded_case_ends_a_working_day_before_the_others_limit() -> None:
    came, due = local(24, 10), local(1, 10, month=12)
    limit = deadlines.close(came, Urgency.P2, RULES, CALENDAR, came_at=came, forward_due_at=due)
    assert limit.due_at == local(30, 10)


def test_a_forwarded_case_of_four_hours_leaves_two() -> None:
    came = local(24, 10)
    limit = deadlines.close(came, Urgency.P2, RULES, CALENDAR, came_at=came, forward_due_at=local(24, 14))
    assert limit.due_at == local(24, 12)


def test_a_returned_case_has_half_its_first_limit() -> None:
    assert deadlines.returned(local(24, 10), timedelta(hours=24), RULES).due_at == local(24, 22)


@pytest.mark.parametrize(
    ("checked", "due"),
    [
        (local(24, 9), local(24, 16)),
        (local(24, 15, 30), local(24, 16)),
        (local(24, 15, 31), local(25, 16)),
        (local(24, 23), local(25, 16)),
        (local(25, 2), local(25, 16)),
    ],
)
def test_a_callback_is_due_the_same_day_unless_it_came_too_late(checked: datetime, due: datetime) -> None:
    assert deadlines.callback(checked, RULES).due_at == due


def test_states_have_their_own_limits() -> None:
    def limit(state: CaseState, urgency: Urgency) -> timedelta | None:
        found = deadlines.of_state(state, local(27, 10), urgency, RULES, CALENDAR)
        return found and found.due_at - local(27, 10)

    assert limit(CaseState.ASSIGNED, Urgency.P0) == timedelta(minutes=3)
    assert limit(CaseState.ASSIGNED, Urgency.P2) == timedelta(minutes=60)
    assert limit(CaseState.SORTED, Urgency.P1) == timedelta(minutes=5)
    assert limit(CaseState.CLARIFY, Urgency.P2) == timedelta(hours=2)
    assert limit(CaseState.JUDGED, Urgency.P2) == timedelta(days=3)  # over the weekend
    assert limit(CaseState.IN_PROGRESS, Urgency.P2) is None


def test_a_heating_repair_runs_a_day_and_may_be_paused() -> None:
    limit = deadlines.heat_repair(local(24, 10), RULES)
    assert limit.due_at == local(25, 10) and not limit.is_natural
