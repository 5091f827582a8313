"""Transcripts of a unit of work, serving ``asr.ports.TranscriptRepository``."""

from sqlalchemy import select

from asr.transcript import Transcript
from store.session import StoreSession
from store.tables.asr import transcript_table


class TranscriptRepository:
    """See the port."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    def add(self, transcript: Transcript) -> None:
        """See the port."""
        self._session.add(transcript)

    async def of_recording(self, recording: str) -> Transcript | None:
        """See the port."""
        query = select(Transcript).where(transcript_table.c.recording == recording)
        found: Transcript | None = await self._session.scalar(query)
        return found

    async def of_call(self, call: str) -> list[Transcript]:
        """A call's transcripts, in the order of its recordings."""
        query = select(Transcript).where(transcript_table.c.call == call).order_by(transcript_table.c.recording)
        return list((await self._session.scalars(query)).all())
