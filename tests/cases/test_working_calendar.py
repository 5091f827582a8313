"""Working days follow the State Council's arrangement, and the override table before it."""

from datetime import UTC, date, datetime, time

import pytest

from cases.working_calendar import WorkingCalendar
from vocabulary.clock import SHANGHAI

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (date(2026, 9, 30), True),
        (date(2026, 10, 1), False),  # National Day
        (date(2026, 10, 10), True),  # a Saturday worked for it
        (date(2026, 11, 28), False),  # a plain Saturday
        (date(2031, 3, 3), True),  # not arranged yet: Monday
        (date(2031, 3, 8), False),  # not arranged yet: Saturday
    ],
)
def test_a_day_is_worked_or_not(day: date, worked: bool) -> None:
    assert WorkingCalendar().is_working(day) is worked


def test_the_override_table_wins() -> None:
    calendar = WorkingCalendar({date(2026, 11, 24): False, date(2026, 11, 28): True})
    assert not calendar.is_working(date(2026, 11, 24))
    assert calendar.is_working(date(2026, 11, 28))


def at(day: int, hour: int = 10, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, tzinfo=SHANGHAI).astimezone(UTC)


def test_working_days_are_counted_over_a_weekend_and_a_holiday() -> None:
    calendar = WorkingCalendar()
    assert calendar.add_working_days(at(27), 1) == at(30)  # Friday → Monday
    assert calendar.add_working_days(at(28), 1) == at(30)  # Saturday → Monday
    assert calendar.add_working_days(at(30), -1) == at(27)
    assert calendar.add_working_days(at(30, month=9), 3) == at(10, month=10)  # 8, 9 and the Saturday worked


def test_a_time_of_day_on_the_shanghai_day() -> None:
    late = datetime(2026, 11, 24, 20, 0, tzinfo=UTC)  # 04:00 on the 25th in Shanghai
    assert WorkingCalendar().end_of_day(late, time(16, 0)) == at(25, 16)
