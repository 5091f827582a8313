"""The seats room's store in memory, with versions that clash as the real one's do."""

import copy
import dataclasses
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any

from seats.errors import SeatUnknown
from seats.queue import OPEN_STATES
from seats.seat import SeatState
from vocabulary.errors import AlreadyExists, ConcurrentChange

_KEYS = {
    "seats": "account",
    "queue": "id",
    "reservations": "id",
    "missed_calls": "id",
    "rescue_calls": "id",
    "ratings": "call_id",
}


def _facts(row: Any) -> dict[str, Any]:
    """A row's fields; not what SQLAlchemy adds once another test has mapped the class."""
    return {field.name: getattr(row, field.name) for field in dataclasses.fields(row)}


def _twin(row: Any) -> Any:
    return type(row)(**copy.deepcopy(_facts(row)))


class SeatsStore:
    """The rows of one database; several fakes of services may share it.

    Attributes:
        tables: attribute of the unit of work → key → committed aggregate.
        seat_events: (account, event, state) in order of commit.
        events: (topic, payload); audits: (actor, action, subject).
        commits: how many units committed something.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[str, Any]] = {name: {} for name in _KEYS}
        self.seat_events: list[tuple[str, str, str]] = []
        self.events: list[tuple[str, dict[str, Any]]] = []
        self.audits: list[tuple[str, str, str]] = []
        self.commits = 0

    def __call__(self) -> "FakeSeatsUnitOfWork":
        return FakeSeatsUnitOfWork(self)

    async def run(self, use_case: Callable[[Any], Awaitable[Any]]) -> Any:
        async with self() as uow:
            return await use_case(uow)


class FakeSeatsUnitOfWork:
    """Implements seats.ports.SeatsUnitOfWork."""

    def __init__(self, store: SeatsStore) -> None:
        self.store = store
        self.seen: dict[tuple[str, str], tuple[Any, Any]] = {}
        self.new: list[tuple[str, Any]] = []
        self.reserving: list[tuple[Any, datetime, datetime]] = []
        self.pending_seat_events: list[tuple[str, str, str]] = []
        self.pending_events: list[tuple[str, dict[str, Any]]] = []
        self.pending_audits: list[tuple[str, str, str]] = []
        self.seats = _Table(self, "seats")
        self.queue = _Table(self, "queue")
        self.reservations = _Table(self, "reservations")
        self.missed_calls = _Table(self, "missed_calls")
        self.rescue_calls = _Table(self, "rescue_calls")
        self.ratings = _Table(self, "ratings")
        self.seat_events = _SeatEvents(self)
        self.events = _Events(self)
        self.audit = _Audit(self)

    async def __aenter__(self) -> "FakeSeatsUnitOfWork":
        return self

    async def __aexit__(self, *exc: object) -> None:
        return None

    async def commit(self) -> None:
        for (table, key), (original, working) in self.seen.items():
            if _facts(original) == _facts(working):
                continue
            current = self.store.tables[table].get(key)
            if getattr(current, "version", 0) != getattr(original, "version", 0):
                raise ConcurrentChange(f"{table} {key}")
        for offer, _, _ in self.reserving:
            if self.store.tables["seats"][offer.account].version != offer.seat_version:
                raise ConcurrentChange(f"seat {offer.account}")
        for offer, at, until in self.reserving:
            seat = self.store.tables["seats"][offer.account]
            seat.reserve(offer.entry_id, at=at, until=until)
            seat.version += 1
        for (table, key), (original, working) in self.seen.items():
            if _facts(original) != _facts(working):
                if hasattr(working, "version"):
                    working.version += 1
                self.store.tables[table][key] = _twin(working)
        for table, row in self.new:
            key = getattr(row, _KEYS[table])
            if key in self.store.tables[table]:
                raise AlreadyExists(f"{table} {key}")
            if hasattr(row, "version"):
                row.version += 1
            self.store.tables[table][key] = _twin(row)
        self.store.seat_events += self.pending_seat_events
        self.store.events += self.pending_events
        self.store.audits += self.pending_audits
        self.store.commits += 1


class _Table:
    def __init__(self, uow: FakeSeatsUnitOfWork, name: str) -> None:
        self._uow = uow
        self._name = name

    async def get(self, key: str) -> Any:
        found = self._load(key)
        if found is None and self._name == "seats":
            raise SeatUnknown(key)
        return found

    async def all(self) -> Sequence[Any]:
        return [self._load(key) for key in self._rows]

    async def waiting(self) -> Sequence[Any]:
        return [entry for entry in await self.all() if entry.state in OPEN_STATES]

    def add(self, row: Any) -> None:
        self._uow.new.append((self._name, row))

    async def due(self, now: datetime) -> Sequence[Any]:
        return [seat for seat in await self.all() if seat.until is not None and seat.until <= now]

    async def lapsed(self, now: datetime) -> Sequence[Any]:
        return [entry for entry in await self.waiting() if entry.lease_until is not None and entry.lease_until < now]

    async def reserve(self, offers: Any, *, at: datetime, until: datetime) -> set[str]:
        won = set()
        for offer in offers:
            seat = self._rows[offer.account]
            if seat.version == offer.seat_version and seat.state is offer.taken_from:
                self._uow.reserving.append((offer, at, until))
                won.add(offer.id)
        return won

    async def renew(self, entry_ids: Sequence[str], *, until: datetime) -> None:
        for row in self._rows.values():
            if self._name == "seats" and row.state is SeatState.TALKING and row.entry_id in entry_ids:
                row.until = until
            elif self._name == "queue" and row.id in entry_ids and row.state in OPEN_STATES:
                row.lease_until = until

    @property
    def _rows(self) -> dict[str, Any]:
        return self._uow.store.tables[self._name]

    def _load(self, key: str) -> Any:
        if key not in self._rows:
            return None
        if (self._name, key) not in self._uow.seen:
            original = _twin(self._rows[key])
            self._uow.seen[self._name, key] = (original, _twin(original))
        return self._uow.seen[self._name, key][1]


class _SeatEvents:
    def __init__(self, uow: FakeSeatsUnitOfWork) -> None:
        self._uow = uow

    def append(self, seat: Any, event: str, *, at: datetime, call_id: str | None = None, reason: str = "") -> None:
        self._uow.pending_seat_events.append((seat.account, event, seat.state.value))


class _Events:
    def __init__(self, uow: FakeSeatsUnitOfWork) -> None:
        self._uow = uow

    def append(self, topic: str, payload: Any) -> None:
        self._uow.pending_events.append((topic, dict(payload)))


class _Audit:
    def __init__(self, uow: FakeSeatsUnitOfWork) -> None:
        self._uow = uow

    def append(self, actor: str, action: str, subject: str, reason: str = "", detail: Any = None) -> None:
        self._uow.pending_audits.append((actor, action, subject))
