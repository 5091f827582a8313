"""The rescue desk's list (抢修调度): callers of the gas-leak lane who hung up before a person spoke to them (§10.3)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from seats.errors import SeatsError
from vocabulary.phone_number import PhoneNumber

CALLS_BACK = 6
"""30 min 内最多回拨 6 次 (domain spec §10.3)."""
CALL_BACK_WITHIN = timedelta(minutes=30)


class RescueState(Enum):
    """What became of the caller."""

    OPEN = "open"
    REACHED = "reached"
    CLOSED = "closed"


class CallsBackUsedUp(SeatsError):
    """Six calls back were made, or the 30 minutes are over; the case goes on with the rescue team on site."""


@dataclass(eq=False)
class RescueCall:
    """One leak caller without a talk.

    Attributes:
        id: ULID.
        number: None if withheld: then recording and case are all there is.
        recording, case_number: what was said and the P0 case.
        found_by: how the lane was entered, e.g. ``按键1`` or ``安全词:漏气``.
        lost_at: when the caller hung up, aware UTC.
        calls_back: made so far.
    """

    id: str
    call_id: str
    number: PhoneNumber | None
    lost_at: datetime
    found_by: str
    recording: str | None = None
    case_number: str | None = None
    state: RescueState = RescueState.OPEN
    calls_back: int = 0
    last_call_back_at: datetime | None = None
    handled_by: str = ""
    note: str = ""
    version: int = 0

    def call_back(self, by: str, *, at: datetime) -> None:
        """Count one call back.

        Raises:
            CallsBackUsedUp: six were made or 30 minutes have passed.
        """
        if self.calls_back >= CALLS_BACK or at > self.lost_at + CALL_BACK_WITHIN:
            raise CallsBackUsedUp(f"{self.calls_back} calls back were made")
        self.calls_back, self.last_call_back_at, self.handled_by = self.calls_back + 1, at, by

    def close(self, by: str, note: str, *, reached: bool) -> None:
        """Record the end: reached, or closed with the reason."""
        self.state = RescueState.REACHED if reached else RescueState.CLOSED
        self.handled_by, self.note = by, note
