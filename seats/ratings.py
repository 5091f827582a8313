"""What callers thought of a call, keyed at its end (好差评)."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(eq=False)
class CallRating:
    """One rating.

    Attributes:
        call_id: the call's ULID; one rating a call.
        level: 1 is best.
        label: in Chinese, as the announcement named it.
        scale: 3 or 5 levels.
        staff_number: who talked; None for a bot.
    """

    call_id: str
    level: int
    label: str
    scale: int
    at: datetime
    staff_number: str | None = None
    case_number: str | None = None
