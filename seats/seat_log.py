"""What each seat did, line by line: the ground of occupancy and of every question about a shift."""

from dataclasses import dataclass
from datetime import datetime

from seats.seat import SeatState


@dataclass(eq=False)
class SeatLogLine:
    """One event of one seat.

    Attributes:
        event: value of SeatEvent, or how an offer ended.
        state: the seat's state after it.
        call_id: the call concerned; None for what staff do.
    """

    id: str
    account: str
    at: datetime
    event: str
    state: SeatState
    staff_number: str
    call_id: str | None = None
    reason: str = ""
