"""Case numbers such as ``RX20261124-0031``: prefix, business day, and a sequence that starts anew each day."""

import re
from datetime import date, datetime

from vocabulary.clock import SHANGHAI

_NUMBER = re.compile(r"[A-Z]{2}[0-9]{8}-[0-9]{4,}")


def business_day(moment: datetime) -> date:
    """The Shanghai day of a moment."""
    return moment.astimezone(SHANGHAI).date()


def case_number(day: date, sequence: int, prefix: str = "RX") -> str:
    """The number; more than 9 999 cases a day only make it longer."""
    return f"{prefix}{day:%Y%m%d}-{sequence:04d}"


def is_case_number(text: str) -> bool:
    """Whether a text has that shape."""
    return _NUMBER.fullmatch(text) is not None
