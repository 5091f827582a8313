"""When the hotline may turn to a user of its own accord: domain rules §3.2, pure.

热线管理办法·回访时间: 9:00-11:00 左右, 14:30-16:00 左右. A contact *begins* inside a window; what is connected
may be talked to its end ("左右", 15 minutes).
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum

from vocabulary.clock import SHANGHAI


class Channel(Enum):
    """By which way a user is asked, or is not."""

    NONE = "none"
    HUMAN = "human"
    SMS = "sms"
    AI_VOICE = "ai_voice"
    SMS_NOTICE = "sms_notice"

    @property
    def is_voice(self) -> bool:
        """Whether a telephone rings."""
        return self in (Channel.HUMAN, Channel.AI_VOICE)


class WindowException(Enum):
    """Why a contact may begin outside the windows; the value is shown to people (§3.2)."""

    APPOINTMENT = "用户预约时间"
    USER_CALLED = "用户来电引起的回应"
    SAFETY_CHECK = "险情安全确认"
    MANAGER_APPROVED = "负责人批准"
    OUTAGE_NOTICE = "停供或安全通知"


_VOICE_EXCEPTIONS = frozenset(
    {
        WindowException.APPOINTMENT,
        WindowException.USER_CALLED,
        WindowException.SAFETY_CHECK,
        WindowException.MANAGER_APPROVED,
    }
)
_SMS_EXCEPTIONS = frozenset({WindowException.OUTAGE_NOTICE, WindowException.SAFETY_CHECK})


@dataclass(frozen=True, slots=True)
class DayWindow:
    """Opens at ``opens``, closes at ``closes`` (not included), local time."""

    opens: time
    closes: time

    def __post_init__(self) -> None:
        if self.opens >= self.closes:
            raise ValueError(f"a window from {self.opens} to {self.closes}")


OFFICIAL_WINDOWS = (DayWindow(time(9, 0), time(11, 0)), DayWindow(time(14, 30), time(16, 0)))
"""热线管理办法·回访时间 (the hotline's rules of 2025-12-30)."""

_NEW_YEARS_DAY = {
    2025: date(2025, 1, 29),
    2026: date(2026, 2, 17),
    2027: date(2027, 2, 6),
    2028: date(2028, 1, 26),
    2029: date(2029, 2, 13),
    2030: date(2030, 2, 3),
    2031: date(2031, 1, 23),
    2032: date(2032, 2, 11),
    2033: date(2033, 1, 31),
    2034: date(2034, 2, 19),
    2035: date(2035, 2, 8),
}
"""First day of the first lunar month (GB/T 33661-2017, the lunar calendar); a site may hand in its own days."""


def spring_festival_days(years: Iterable[int] = tuple(_NEW_YEARS_DAY)) -> frozenset[date]:
    """New Year's Eve to the third day of the lunar year: emergencies only (§3.2)."""
    first_days = [_NEW_YEARS_DAY[year] for year in years if year in _NEW_YEARS_DAY]
    return frozenset(first + timedelta(days=offset) for first in first_days for offset in (-1, 0, 1, 2))


@dataclass(frozen=True, slots=True)
class WindowRules:
    """The windows as a site has set them; the defaults are §3.2's.

    Attributes:
        voice, sms: by channel; SMS may be widened to 09:00-20:00 by the person in charge.
        closed_weekdays: ISO weekdays (1 Monday … 7 Sunday) without callbacks; none by default.
        closed_days: holidays without callbacks; none by default.
        spring_festival: days on which only emergencies are contacted.
        overrun: how long after closing a connected call may be talked to its end.
        late_check: a case that passed its check after this is due in the next window (T_callback, §2.3).
    """

    voice: tuple[DayWindow, ...] = OFFICIAL_WINDOWS
    sms: tuple[DayWindow, ...] = OFFICIAL_WINDOWS
    closed_weekdays: frozenset[int] = frozenset()
    closed_days: frozenset[date] = frozenset()
    spring_festival: frozenset[date] = field(default_factory=spring_festival_days)
    overrun: timedelta = timedelta(minutes=15)
    late_check: time = time(15, 30)


_SEARCH_DAYS = 60
"""A site that closes for two months has misconfigured its windows."""


class CallbackCalendar:
    """Answers "may it begin now, and if not, when" for each channel.

    Args:
        rules: see WindowRules.
    """

    def __init__(self, rules: WindowRules | None = None) -> None:
        self.rules = rules or WindowRules()

    def open_on(self, day: date) -> bool:
        """Whether callbacks are made at all on this local day."""
        rules = self.rules
        return (
            day not in rules.spring_festival
            and day not in rules.closed_days
            and day.isoweekday() not in rules.closed_weekdays
        )

    def windows(self, channel: Channel) -> tuple[DayWindow, ...]:
        """The day's windows of a channel, in order."""
        chosen = self.rules.voice if channel.is_voice else self.rules.sms
        return tuple(sorted(chosen, key=lambda window: window.opens))

    def is_open(self, channel: Channel, at: datetime, exception: WindowException | None = None) -> bool:
        """Whether a contact may begin at this moment."""
        if exception is not None and exception in (_VOICE_EXCEPTIONS if channel.is_voice else _SMS_EXCEPTIONS):
            return True
        local = at.astimezone(SHANGHAI)
        if not self.open_on(local.date()):
            return False
        clock = local.time()
        return any(window.opens <= clock < window.closes for window in self.windows(channel))

    def may_go_on(self, channel: Channel, at: datetime) -> bool:
        """Whether a call that began inside a window may still be talked to its end."""
        return self.is_open(channel, at) or self.is_open(channel, at - self.rules.overrun)

    def next_opening(self, channel: Channel, now: datetime) -> datetime:
        """The first moment from ``now`` on at which a contact may begin; ``now`` itself inside a window, in UTC.

        Raises:
            ValueError: the rules leave no window within 60 days.
        """
        local = now.astimezone(SHANGHAI)
        for offset in range(_SEARCH_DAYS):
            day = local.date() + timedelta(days=offset)
            if not self.open_on(day):
                continue
            for window in self.windows(channel):
                if _at(day, window.closes) <= now:
                    continue
                return max(now, _at(day, window.opens))
        raise ValueError("the callback windows leave no opening within 60 days")

    def next_day_opening(self, channel: Channel, now: datetime) -> datetime:
        """The first opening on a later local day than ``now``."""
        tomorrow = now.astimezone(SHANGHAI).date() + timedelta(days=1)
        return self.next_opening(channel, _at(tomorrow, time(0, 0)))

    def closing_of_day(self, channel: Channel, at: datetime) -> datetime:
        """When the last window of the local day of ``at`` closes."""
        return _at(at.astimezone(SHANGHAI).date(), self.windows(channel)[-1].closes)

    def due(self, channel: Channel, checked_at: datetime, not_before: datetime) -> datetime:
        """Until when a callback must be finished: the same day, or the next window for a late check (T_callback)."""
        if checked_at.astimezone(SHANGHAI).time() >= self.rules.late_check:
            not_before = max(not_before, self.next_day_opening(channel, checked_at))
        return self.closing_of_day(channel, not_before)

    def window_number(self, channel: Channel, at: datetime) -> tuple[date, int]:
        """Which window a contact fell into, for "at least two windows"; outside of them, the nearest one before."""
        local = at.astimezone(SHANGHAI)
        opened = [number for number, window in enumerate(self.windows(channel)) if window.opens <= local.time()]
        return local.date(), opened[-1] if opened else -1


def _at(day: date, clock: time) -> datetime:
    """A local wall time as an aware UTC moment."""
    return datetime.combine(day, clock, SHANGHAI).astimezone(UTC)
