"""Working days of China: the State Council's arrangement with its shifted days, and an override table on top."""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta

import chinese_calendar

from vocabulary.clock import SHANGHAI


class WorkingCalendar:
    """Says which days are worked.

    Args:
        overrides: day → worked, from the editable table (holidays announced after this release, local days off).
            It wins over the shipped arrangement; years that neither knows fall back to Monday to Friday.
    """

    def __init__(self, overrides: Mapping[date, bool] | None = None) -> None:
        self._overrides = dict(overrides or {})

    def is_working(self, day: date) -> bool:
        """Whether this Shanghai day is worked."""
        if day in self._overrides:
            return self._overrides[day]
        try:
            return bool(chinese_calendar.is_workday(day))
        except NotImplementedError:  # the arrangement for that year is not in the package yet
            return day.weekday() < 5

    def add_working_days(self, moment: datetime, days: int) -> datetime:
        """The same time of day, that many working days later (negative: earlier); aware UTC in, aware UTC out.

        A moment on a day off counts as the end of the working day before it, so one working day after a Saturday is
        Monday, at the same time of day.
        """
        local = moment.astimezone(SHANGHAI)
        day, step = local.date(), timedelta(days=1 if days >= 0 else -1)
        left = abs(days)
        while left:
            day += step
            if self.is_working(day):
                left -= 1
        return datetime.combine(day, local.time(), SHANGHAI).astimezone(moment.tzinfo)

    def end_of_day(self, moment: datetime, at: time) -> datetime:
        """That Shanghai time on the moment's Shanghai day."""
        return datetime.combine(moment.astimezone(SHANGHAI).date(), at, SHANGHAI).astimezone(moment.tzinfo)
