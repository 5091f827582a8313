"""Look recordings up."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import insert, select

from store.session import StoreSession
from store.tables.recordings import recording_table


@dataclass(frozen=True, slots=True)
class StoredRecording:
    """A recording that is durable.

    Attributes:
        id: ULID given when it began.
        call_id: ULID of its call; empty if unknown.
        sha256: of its bytes, 64 hexadecimal characters.
        complete: False if its writer died and the file was mended.
        key: where the bytes stand.
    """

    id: str
    call_id: str
    sha256: str
    size_bytes: int
    duration_s: float
    complete: bool
    stored_at: datetime
    key: str


class RecordingRepository:
    """Rows of recordings in a unit of work."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, recording_id: str) -> StoredRecording | None:
        """One recording; None if it is not stored."""
        query = select(recording_table).where(recording_table.c.id == recording_id)
        row = (await self._session.execute(query)).first()
        return StoredRecording(**row._mapping) if row else None

    async def of_call(self, call_id: str) -> list[StoredRecording]:
        """A call's recordings, in the order they began."""
        query = select(recording_table).where(recording_table.c.call_id == call_id).order_by(recording_table.c.id)
        return [StoredRecording(**row._mapping) for row in await self._session.execute(query)]

    async def add(self, recording: StoredRecording) -> None:
        """Insert one."""
        values = {name: getattr(recording, name) for name in StoredRecording.__dataclass_fields__}
        await self._session.execute(insert(recording_table).values(values))
