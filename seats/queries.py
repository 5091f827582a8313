"""What screens read of the seats room: row types and the port that ``store.queries.seats`` answers; numbers masked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from seats.service_level import ServiceLevel


@dataclass(frozen=True, slots=True)
class SeatRow:
    """One seat as a wallboard shows it; ``state`` is SeatState's value, ``state_text`` its Chinese."""

    account: str
    staff_number: str
    staff_name: str
    skills: tuple[str, ...]
    state: str
    state_text: str
    since: datetime | None
    until: datetime | None
    reason: str
    call_id: str | None


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """One waiting caller; ``lane`` is ``leak`` or ``normal``."""

    entry_id: str
    call_id: str
    place: int
    lane: str
    state: str
    number: str
    entered_at: datetime
    offers: int


@dataclass(frozen=True, slots=True)
class MissedCallRow:
    """One line of the list of missed calls (domain spec §3.9)."""

    id: str
    call_id: str
    kind: str
    number: str
    at: datetime
    waited_s: float
    due_at: datetime
    recording: str | None
    case_number: str | None
    state: str
    handled_by: str
    handled_at: datetime | None
    note: str


@dataclass(frozen=True, slots=True)
class RescueCallRow:
    """One line of the rescue desk's list (domain spec §10.3)."""

    id: str
    call_id: str
    number: str
    lost_at: datetime
    found_by: str
    recording: str | None
    case_number: str | None
    state: str
    calls_back: int
    handled_by: str
    note: str


class SeatQueries(Protocol):
    """Plain reads; no lock, no write."""

    async def seats(self) -> Sequence[SeatRow]:
        """Every seat, by account."""
        ...

    async def waiting(self) -> Sequence[WaitingRow]:
        """Everybody who waits, in order."""
        ...

    async def missed_calls(self, *, open_only: bool = True, limit: int = 200) -> Sequence[MissedCallRow]:
        """Open ones by what is due first; with the done ones, the latest first."""
        ...

    async def rescue_calls(self, *, open_only: bool = True, limit: int = 200) -> Sequence[RescueCallRow]:
        """The latest first."""
        ...

    async def service_level(self, since: datetime, until: datetime) -> ServiceLevel:
        """The rates of callers who joined the queue in that span and wait no more."""
        ...
