"""What screens and reports read of calls: the row types and the port that ``store`` answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from telephony.causes import Cause
from telephony.ports import Admission, Direction


@dataclass(frozen=True, slots=True)
class CallRow:
    """One call, without its number in the clear; see call_record.CallRecord.

    Attributes:
        number_masked: "" if withheld or a seat.
        recordings: identifiers, in the order they began.
    """

    call: str
    purpose: str
    direction: Direction
    admission: Admission | None
    trunk: str | None
    dialled: str
    number_masked: str
    number_key: str
    setup_at: datetime
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime | None
    cause: Cause | None
    reason: str
    recordings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LegRow:
    """One leg; see call_record.LegRecord."""

    leg: str
    call: str
    direction: Direction
    account: str | None
    trunk: str | None
    dialled: str
    setup_at: datetime
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    cause: Cause
    sip_status: int | None
    bridged_s: float
    packets_received: int
    packets_sent: int
    packets_lost: int


class CallQueries(Protocol):
    """Read-only; each is one plain SELECT or two."""

    async def calls(
        self, *, limit: int = 50, before: datetime | None = None, number_key: str | None = None
    ) -> Sequence[CallRow]:
        """Calls by their beginning, newest first.

        Args:
            limit: at most so many.
            before: only calls that began earlier, to page on.
            number_key: only calls with this number.
        """
        ...

    async def call(self, call: str) -> CallRow | None:
        """One call; None if there is none."""
        ...

    async def legs(self, call: str) -> Sequence[LegRow]:
        """The legs of a call, in the order they began; none while it lasts."""
        ...

    async def call_of_recording(self, recording: str) -> str | None:
        """The call that a recording belongs to, also of a run that was killed; None if unknown."""
        ...
