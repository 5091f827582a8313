"""What the seats room needs of the outside; ``store`` serves it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any, Protocol, TypeVar

from seats.missed_calls import MissedCall
from seats.queue import QueueEntry
from seats.ratings import CallRating
from seats.rescue_desk import RescueCall
from seats.reservation import Reservation
from seats.routing import Offer
from seats.seat import Seat

Result = TypeVar("Result")


class SeatRepository(Protocol):
    """Seats by account."""

    async def get(self, account: str) -> Seat:
        """One seat.

        Raises:
            SeatUnknown: none has this account.
        """
        ...

    async def all(self) -> Sequence[Seat]:
        """Every seat."""
        ...

    def add(self, seat: Seat) -> None:
        """A new seat."""
        ...

    async def reserve(self, offers: Sequence[Offer], *, at: datetime, until: datetime) -> set[str]:
        """Take every offered seat that is still as the offer saw it; the identifiers of the offers that won.

        Never waits for another round's seats: what it holds is lost to this one.
        """
        ...

    async def renew(self, entry_ids: Sequence[str], *, until: datetime) -> None:
        """Prolong the leases of the seats that talk with these callers."""
        ...

    async def due(self, now: datetime) -> Sequence[Seat]:
        """Seats whose ``until`` has passed."""
        ...


class QueueRepository(Protocol):
    """Waiting callers."""

    async def get(self, entry_id: str) -> QueueEntry | None:
        """One entry, open or not."""
        ...

    async def waiting(self) -> Sequence[QueueEntry]:
        """Every open entry, of all processes."""
        ...

    def add(self, entry: QueueEntry) -> None:
        """A new entry."""
        ...

    async def renew(self, entry_ids: Sequence[str], *, until: datetime) -> None:
        """Prolong the leases of these entries."""
        ...

    async def lapsed(self, now: datetime) -> Sequence[QueueEntry]:
        """Open entries whose holder stopped renewing."""
        ...


class ReservationRepository(Protocol):
    """The record of offers."""

    async def get(self, reservation_id: str) -> Reservation | None:
        """One reservation."""
        ...

    def add(self, reservation: Reservation) -> None:
        """A new one."""
        ...


class SeatEventLog(Protocol):
    """Append-only log of what each seat did."""

    def append(self, seat: Seat, event: str, *, at: datetime, call_id: str | None = None, reason: str = "") -> None:
        """One line: the seat as it is after the event."""
        ...


class MissedCallRepository(Protocol):
    """The list of §3.9."""

    async def get(self, missed_id: str) -> MissedCall | None:
        """One missed call."""
        ...

    def add(self, missed: MissedCall) -> None:
        """A new one."""
        ...


class RescueCallRepository(Protocol):
    """The rescue desk's list of §10.3."""

    async def get(self, rescue_id: str) -> RescueCall | None:
        """One rescue call."""
        ...

    def add(self, rescue: RescueCall) -> None:
        """A new one."""
        ...


class RatingRepository(Protocol):
    """Ratings by call."""

    def add(self, rating: CallRating) -> None:
        """A new one."""
        ...


class EventAppender(Protocol):
    """See store.event_outbox."""

    def append(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell other processes, if and when the unit commits."""
        ...


class AuditTrail(Protocol):
    """See store.audit."""

    def append(self, actor: str, action: str, subject: str, reason: str, detail: dict[str, Any]) -> None:
        """Record who did what, if and when the unit commits."""
        ...


class SeatsUnitOfWork(Protocol):
    """One transaction over what this room keeps."""

    @property
    def seats(self) -> SeatRepository:
        """Seats by account."""
        ...

    @property
    def queue(self) -> QueueRepository:
        """Waiting callers."""
        ...

    @property
    def reservations(self) -> ReservationRepository:
        """The record of offers."""
        ...

    @property
    def seat_events(self) -> SeatEventLog:
        """What seats did."""
        ...

    @property
    def missed_calls(self) -> MissedCallRepository:
        """The list of §3.9."""
        ...

    @property
    def rescue_calls(self) -> RescueCallRepository:
        """The list of §10.3."""
        ...

    @property
    def ratings(self) -> RatingRepository:
        """What callers keyed."""
        ...

    @property
    def events(self) -> EventAppender:
        """Events that leave with the commit."""
        ...

    @property
    def audit(self) -> AuditTrail:
        """Audit entries that are written with the commit."""
        ...

    async def commit(self) -> None:
        """Make it last.

        Raises:
            ConcurrentChange: somebody else changed the same thing first.
        """
        ...


class UnitOfWorkFactory(Protocol):
    """Makes units of work."""

    def __call__(self) -> AbstractAsyncContextManager[SeatsUnitOfWork]:
        """A fresh one."""
        ...

    async def run(self, use_case: Callable[[Any], Awaitable[Result]]) -> Result:
        """Run a use case in a unit of its own, again when the database was locked or away for a moment."""
        ...
