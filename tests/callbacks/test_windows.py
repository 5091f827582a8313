"""Callback windows, domain rules §3.2."""

from datetime import UTC, date, datetime, time

import pytest

from callbacks.windows import CallbackCalendar, Channel, DayWindow, WindowException, WindowRules, spring_festival_days

pytestmark = pytest.mark.unit

VOICE = [Channel.HUMAN, Channel.AI_VOICE]


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


@pytest.mark.parametrize("channel", [*VOICE, Channel.SMS])
@pytest.mark.parametrize(
    ("clock", "is_open"),
    [
        ("08:59", False),
        ("09:00", True),
        ("10:59", True),
        ("11:00", False),
        ("14:29", False),
        ("14:30", True),
        ("15:59", True),
        ("16:00", False),
    ],
)
def test_contacts_begin_from_nine_to_eleven_and_half_past_two_to_four(
    channel: Channel, clock: str, is_open: bool
) -> None:
    assert CallbackCalendar().is_open(channel, local(f"2026-11-24T{clock}")) is is_open


def test_a_connected_call_may_be_talked_to_its_end() -> None:
    calendar = CallbackCalendar()
    assert calendar.may_go_on(Channel.HUMAN, local("2026-11-24T11:14"))
    assert not calendar.may_go_on(Channel.HUMAN, local("2026-11-24T11:16"))


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24T08:00", "2026-11-24T09:00"),
        ("2026-11-24T09:30", "2026-11-24T09:30"),
        ("2026-11-24T11:00", "2026-11-24T14:30"),
        ("2026-11-24T16:00", "2026-11-25T09:00"),
        ("2026-11-24T23:40", "2026-11-25T09:00"),
    ],
)
def test_the_next_opening_is_now_or_the_next_window(now: str, opens: str) -> None:
    assert CallbackCalendar().next_opening(Channel.HUMAN, local(now)) == local(opens)


def test_sms_windows_may_be_widened_without_touching_the_telephone() -> None:
    calendar = CallbackCalendar(WindowRules(sms=(DayWindow(time(9), time(20)),)))
    evening = local("2026-11-24T19:00")
    assert calendar.is_open(Channel.SMS, evening)
    assert calendar.is_open(Channel.SMS_NOTICE, evening)
    assert not calendar.is_open(Channel.HUMAN, evening)


def test_weekends_are_open_unless_a_site_closes_them() -> None:
    saturday = local("2026-11-28T09:30")
    assert CallbackCalendar().is_open(Channel.HUMAN, saturday)
    closed = CallbackCalendar(WindowRules(closed_weekdays=frozenset({6, 7})))
    assert not closed.is_open(Channel.HUMAN, saturday)
    assert closed.next_opening(Channel.HUMAN, saturday) == local("2026-11-30T09:00")


def test_a_holiday_may_be_closed() -> None:
    calendar = CallbackCalendar(WindowRules(closed_days=frozenset({date(2026, 11, 24)})))
    assert calendar.next_opening(Channel.AI_VOICE, local("2026-11-24T09:30")) == local("2026-11-25T09:00")


def test_nobody_is_asked_from_new_years_eve_to_the_third_day_of_spring_festival() -> None:
    calendar = CallbackCalendar()
    eve = local("2027-02-05T09:30")
    assert not calendar.is_open(Channel.SMS, eve)
    assert calendar.next_opening(Channel.HUMAN, eve) == local("2027-02-09T09:00")
    assert spring_festival_days([2026]) == {date(2026, 2, day) for day in (16, 17, 18, 19)}


@pytest.mark.parametrize(
    "exception",
    [
        WindowException.APPOINTMENT,
        WindowException.USER_CALLED,
        WindowException.SAFETY_CHECK,
        WindowException.MANAGER_APPROVED,
    ],
)
def test_named_exceptions_open_the_telephone_at_any_hour(exception: WindowException) -> None:
    assert CallbackCalendar().is_open(Channel.HUMAN, local("2026-11-24T22:00"), exception)


def test_an_outage_notice_goes_by_sms_at_any_hour_but_rings_nobody() -> None:
    night = local("2026-11-24T22:00")
    assert CallbackCalendar().is_open(Channel.SMS_NOTICE, night, WindowException.OUTAGE_NOTICE)
    assert not CallbackCalendar().is_open(Channel.AI_VOICE, night, WindowException.OUTAGE_NOTICE)
    assert not CallbackCalendar().is_open(Channel.SMS, night, WindowException.APPOINTMENT)


def test_the_two_windows_of_a_day_are_told_apart() -> None:
    calendar = CallbackCalendar()
    morning = calendar.window_number(Channel.HUMAN, local("2026-11-24T09:10"))
    afternoon = calendar.window_number(Channel.HUMAN, local("2026-11-24T14:40"))
    assert morning != afternoon
    assert calendar.window_number(Channel.HUMAN, local("2026-11-24T10:50")) == morning


def test_a_window_that_closes_before_it_opens_is_refused() -> None:
    with pytest.raises(ValueError, match="a window from"):
        DayWindow(time(11), time(9))


def test_rules_without_any_opening_are_named() -> None:
    calendar = CallbackCalendar(WindowRules(closed_weekdays=frozenset(range(1, 8))))
    with pytest.raises(ValueError, match="no opening within 60 days"):
        calendar.next_opening(Channel.HUMAN, local("2026-11-24T09:00"))
