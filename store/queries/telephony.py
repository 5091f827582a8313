"""Answers ``telephony.queries.CallQueries``."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, select

from store.database import Database
from store.tables.telephony import call_recording_table, call_table, leg_table
from telephony.causes import Cause
from telephony.queries import CallRow, LegRow

_calls = select(*(column for column in call_table.c if column.name != "number"))


class SqlCallQueries:
    """Reads calls; the number in the clear is never selected.

    Args:
        database: whose reading engine is used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def calls(
        self, *, limit: int = 50, before: datetime | None = None, number_key: str | None = None
    ) -> Sequence[CallRow]:
        """See CallQueries."""
        query = _calls.order_by(call_table.c.setup_at.desc(), call_table.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(call_table.c.setup_at < before)
        if number_key is not None:
            query = query.where(call_table.c.number_key == number_key)
        rows = await self._rows(query)
        recordings = await self._recordings([row["id"] for row in rows])
        return [_call_row(row, recordings.get(row["id"], ())) for row in rows]

    async def call(self, call: str) -> CallRow | None:
        """See CallQueries."""
        rows = await self._rows(_calls.where(call_table.c.id == call))
        if not rows:
            return None
        return _call_row(rows[0], (await self._recordings([call])).get(call, ()))

    async def legs(self, call: str) -> Sequence[LegRow]:
        """See CallQueries."""
        query = select(leg_table).where(leg_table.c.call_id == call).order_by(leg_table.c.setup_at, leg_table.c.id)
        return [_leg_row(row) for row in await self._rows(query)]

    async def call_of_recording(self, recording: str) -> str | None:
        """See CallQueries."""
        rows = await self._rows(
            select(call_recording_table.c.call_id).where(call_recording_table.c.recording_id == recording)
        )
        return str(rows[0]["call_id"]) if rows else None

    async def _recordings(self, calls: list[str]) -> dict[str, tuple[str, ...]]:
        if not calls:
            return {}
        found: dict[str, tuple[str, ...]] = {}
        for row in await self._rows(
            select(call_recording_table)
            .where(call_recording_table.c.call_id.in_(calls))
            .order_by(call_recording_table.c.started_at)
        ):
            found[row["call_id"]] = (*found.get(row["call_id"], ()), row["recording_id"])
        return found

    async def _rows(self, query: Any) -> list[RowMapping]:
        async with self._database.reading.connect() as connection:
            return list((await connection.execute(query)).mappings())


def _call_row(row: RowMapping, recordings: tuple[str, ...]) -> CallRow:
    values = dict(row)
    cause = values.pop("cause")
    return CallRow(call=values.pop("id"), cause=Cause[cause] if cause else None, recordings=recordings, **values)


def _leg_row(row: RowMapping) -> LegRow:
    values = dict(row)
    return LegRow(leg=values.pop("id"), call=values.pop("call_id"), cause=Cause[values.pop("cause")], **values)
