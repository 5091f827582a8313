"""Seats, waiting callers and the lists of the seats room, inside one unit of work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update

from seats.errors import SeatUnknown
from seats.missed_calls import MissedCall
from seats.queue import OPEN_STATES, QueueEntry
from seats.ratings import CallRating
from seats.rescue_desk import RescueCall
from seats.reservation import Reservation
from seats.routing import Offer
from seats.seat import Seat, SeatState
from seats.seat_log import SeatLogLine
from store.session import StoreSession
from store.tables.seats import queue_entry_table, seat_table
from vocabulary.identifiers import new_id

_OPEN = sorted(state.value for state in OPEN_STATES)


class SeatRepository:
    """Implements seats.ports.SeatRepository."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, account: str) -> Seat:
        """See the port."""
        seat = await self._session.get(Seat, account)
        if seat is None:
            raise SeatUnknown(account)
        return seat

    async def all(self) -> Sequence[Seat]:
        """See the port."""
        return (await self._session.scalars(select(Seat).order_by(seat_table.c.account))).all()

    def add(self, seat: Seat) -> None:
        """See the port."""
        self._session.add(seat)

    async def reserve(self, offers: Sequence[Offer], *, at: datetime, until: datetime) -> set[str]:
        """See the port. Seats locked by another round are skipped (PostgreSQL); SQLite has one writer at a time."""
        wanted = {offer.account: offer for offer in offers}
        seen = await self._session.execute(
            select(seat_table.c.account, seat_table.c.version, seat_table.c.state)
            .where(seat_table.c.account.in_(sorted(wanted)))
            .order_by(seat_table.c.account)
            .with_for_update(skip_locked=True)
        )
        won = [
            wanted[account]
            for account, version, state in seen
            if version == wanted[account].seat_version and state is wanted[account].taken_from
        ]
        if won:
            connection = await self._session.connection()
            await connection.execute(_RESERVE, [_reservation(offer, at, until) for offer in won])
        return {offer.id for offer in won}

    async def renew(self, entry_ids: Sequence[str], *, until: datetime) -> None:
        """See the port. The version stays: a renewed lease is no change that anybody else must hear of."""
        await self._session.execute(
            update(seat_table)
            .where(seat_table.c.entry_id.in_(entry_ids), seat_table.c.state == SeatState.TALKING)
            .values(until=until)
        )

    async def due(self, now: datetime) -> Sequence[Seat]:
        """See the port."""
        late = select(Seat).where(seat_table.c.until <= now).with_for_update(skip_locked=True)
        return (await self._session.scalars(late)).all()


_RESERVE = (
    update(seat_table)
    .where(
        seat_table.c.account == bindparam("seat_account"),
        seat_table.c.version == bindparam("seat_version"),
        seat_table.c.state == bindparam("seat_state", type_=seat_table.c.state.type),
    )
    .values(
        state=SeatState.RINGING,
        version=seat_table.c.version + 1,
        taken_from=bindparam("seat_taken_from", type_=seat_table.c.taken_from.type),
        entry_id=bindparam("seat_entry"),
        since=bindparam("seat_since", type_=seat_table.c.since.type),
        until=bindparam("seat_until", type_=seat_table.c.until.type),
    )
)


def _reservation(offer: Offer, at: datetime, until: datetime) -> dict[str, Any]:
    return {
        "seat_account": offer.account,
        "seat_version": offer.seat_version,
        "seat_state": offer.taken_from,
        "seat_taken_from": offer.taken_from,
        "seat_entry": offer.entry_id,
        "seat_since": at,
        "seat_until": until,
    }


class QueueRepository:
    """Implements seats.ports.QueueRepository."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, entry_id: str) -> QueueEntry | None:
        """See the port."""
        return await self._session.get(QueueEntry, entry_id)

    async def waiting(self) -> Sequence[QueueEntry]:
        """See the port."""
        rows = await self._session.scalars(select(QueueEntry).where(queue_entry_table.c.state.in_(_OPEN)))
        return rows.all()

    def add(self, entry: QueueEntry) -> None:
        """See the port."""
        self._session.add(entry)

    async def renew(self, entry_ids: Sequence[str], *, until: datetime) -> None:
        """See the port. The version stays, as with seats."""
        await self._session.execute(
            update(queue_entry_table)
            .where(queue_entry_table.c.id.in_(entry_ids), queue_entry_table.c.state.in_(_OPEN))
            .values(lease_until=until)
        )

    async def lapsed(self, now: datetime) -> Sequence[QueueEntry]:
        """See the port."""
        late = (
            select(QueueEntry)
            .where(queue_entry_table.c.state.in_(_OPEN), queue_entry_table.c.lease_until < now)
            .with_for_update(skip_locked=True)
        )
        return (await self._session.scalars(late)).all()


class ReservationRepository:
    """Implements seats.ports.ReservationRepository."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, reservation_id: str) -> Reservation | None:
        """See the port."""
        return await self._session.get(Reservation, reservation_id)

    def add(self, reservation: Reservation) -> None:
        """See the port."""
        self._session.add(reservation)


class SeatEventLog:
    """Implements seats.ports.SeatEventLog."""

    def __init__(self, store: StoreSession) -> None:
        self._store = store

    def append(self, seat: Seat, event: str, *, at: datetime, call_id: str | None = None, reason: str = "") -> None:
        """See the port."""
        self._store.session.add(
            SeatLogLine(
                id=new_id(self._store.clock),
                account=seat.account,
                at=at,
                event=event,
                state=seat.state,
                staff_number=seat.staff_number,
                call_id=call_id,
                reason=reason,
            )
        )


class MissedCallRepository:
    """Implements seats.ports.MissedCallRepository."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, missed_id: str) -> MissedCall | None:
        """See the port."""
        return await self._session.get(MissedCall, missed_id)

    def add(self, missed: MissedCall) -> None:
        """See the port."""
        self._session.add(missed)


class RescueCallRepository:
    """Implements seats.ports.RescueCallRepository."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, rescue_id: str) -> RescueCall | None:
        """See the port."""
        return await self._session.get(RescueCall, rescue_id)

    def add(self, rescue: RescueCall) -> None:
        """See the port."""
        self._session.add(rescue)


class RatingRepository:
    """Implements seats.ports.RatingRepository."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    def add(self, rating: CallRating) -> None:
        """See the port."""
        self._session.add(rating)
