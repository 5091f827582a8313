"""Answers seats.queries.SeatQueries by plain SELECTs; numbers leave masked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select

from seats.missed_calls import MissedState
from seats.queries import MissedCallRow, RescueCallRow, SeatRow, WaitingRow
from seats.queue import OPEN_STATES, EntryState
from seats.rescue_desk import RescueState
from seats.service_level import ServiceLevel, Wait, service_level
from store.database import Database
from store.tables.seats import missed_call_table, queue_entry_table, rescue_call_table, seat_table
from vocabulary.phone_number import PhoneNumber

_OPEN = sorted(state.value for state in OPEN_STATES)
_FINISHED = (EntryState.ANSWERED, EntryState.LEFT, EntryState.LOST)


class SqlSeatQueries:
    """See seats.queries.SeatQueries.

    Args:
        database: read on its reading side.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def seats(self) -> Sequence[SeatRow]:
        """See SeatQueries."""
        serving = select(seat_table, queue_entry_table.c.call_id).outerjoin(
            queue_entry_table, seat_table.c.entry_id == queue_entry_table.c.id
        )
        return [
            SeatRow(
                account=row.account,
                staff_number=row.staff_number,
                staff_name=row.staff_name,
                skills=tuple(sorted(row.skills)),
                state=row.state.value,
                state_text=row.state.sentence,
                since=row.since,
                until=row.until,
                reason=row.reason,
                call_id=row.call_id,
            )
            for row in await self._all(serving.order_by(seat_table.c.account))
        ]

    async def waiting(self) -> Sequence[WaitingRow]:
        """See SeatQueries."""
        entry = queue_entry_table.c
        rows = await self._all(
            select(queue_entry_table).where(entry.state.in_(_OPEN)).order_by(entry.lane, entry.entered_at, entry.id)
        )
        return [
            WaitingRow(
                entry_id=row.id,
                call_id=row.call_id,
                place=place,
                lane=row.lane.name.lower(),
                state=row.state.value,
                number=_masked(row.number),
                entered_at=row.entered_at,
                offers=row.offers,
            )
            for place, row in enumerate(rows, start=1)
        ]

    async def missed_calls(self, *, open_only: bool = True, limit: int = 200) -> Sequence[MissedCallRow]:
        """See SeatQueries."""
        missed = missed_call_table.c
        wanted = select(missed_call_table).limit(limit)
        if open_only:
            wanted = wanted.where(missed.state == MissedState.OPEN).order_by(missed.due_at)
        else:
            wanted = wanted.order_by(missed.at.desc())
        return [
            MissedCallRow(
                id=row.id,
                call_id=row.call_id,
                kind=row.kind.value,
                number=_masked(row.number),
                at=row.at,
                waited_s=row.waited_s,
                due_at=row.due_at,
                recording=row.recording,
                case_number=row.case_number,
                state=row.state.value,
                handled_by=row.handled_by,
                handled_at=row.handled_at,
                note=row.note,
            )
            for row in await self._all(wanted)
        ]

    async def rescue_calls(self, *, open_only: bool = True, limit: int = 200) -> Sequence[RescueCallRow]:
        """See SeatQueries."""
        rescue = rescue_call_table.c
        wanted = select(rescue_call_table).order_by(rescue.lost_at.desc()).limit(limit)
        if open_only:
            wanted = wanted.where(rescue.state == RescueState.OPEN)
        return [
            RescueCallRow(
                id=row.id,
                call_id=row.call_id,
                number=_masked(row.number),
                lost_at=row.lost_at,
                found_by=row.found_by,
                recording=row.recording,
                case_number=row.case_number,
                state=row.state.value,
                calls_back=row.calls_back,
                handled_by=row.handled_by,
                note=row.note,
            )
            for row in await self._all(wanted)
        ]

    async def service_level(self, since: datetime, until: datetime) -> ServiceLevel:
        """See SeatQueries."""
        entry = queue_entry_table.c
        finished = select(entry.entered_at, entry.left_at, entry.state).where(
            entry.entered_at >= since, entry.entered_at < until, entry.state.in_(_FINISHED)
        )
        return service_level(
            Wait((row.left_at - row.entered_at).total_seconds(), answered=row.state is EntryState.ANSWERED)
            for row in await self._all(finished)
        )

    async def _all(self, statement: Select[Any]) -> Sequence[Any]:
        async with self._database.reading.connect() as connection:
            rows: Sequence[Any] = (await connection.execute(statement)).all()
            return rows


def _masked(number: PhoneNumber | None) -> str:
    return number.masked if number is not None else ""
