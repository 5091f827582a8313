"""Answers ``asr.queries.TranscriptQueries``."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, select

from asr.queries import TranscriptRow
from store.database import Database
from store.tables.asr import transcript_table


class SqlTranscriptQueries:
    """Reads transcripts.

    Args:
        database: whose reading engine is used.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of_call(self, call: str) -> Sequence[TranscriptRow]:
        """See TranscriptQueries."""
        query = select(transcript_table).where(transcript_table.c.call == call)
        return await self._rows(query.order_by(transcript_table.c.recording))

    async def of_recording(self, recording: str) -> TranscriptRow | None:
        """See TranscriptQueries."""
        rows = await self._rows(select(transcript_table).where(transcript_table.c.recording == recording))
        return rows[0] if rows else None

    async def _rows(self, query: Select[Any]) -> list[TranscriptRow]:
        async with self._database.reading.connect() as connection:
            return [TranscriptRow(**row._mapping) for row in await connection.execute(query)]
