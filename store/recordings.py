"""Recordings: from a spool file to durable bytes, a row, a transcription job and an event, or the spool file stays.

A folder: fsync of the file, a hard link under its final name (or a copy under a temporary name, then rename), fsync of
the directory, then the row; the spool file goes last, so a crash anywhere leaves it and storing it again is harmless.
An S3 bucket: the object is complete or absent by itself.
"""

import asyncio
import hashlib
import logging
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, from_url

from store.errors import RecordingNotFound, RecordingNotKept
from store.repositories.recordings import StoredRecording
from store.unit_of_work import SqlUnitOfWork, UnitOfWorkFactory
from vocabulary.clock import SHANGHAI, Clock
from vocabulary.errors import AlreadyExists

log = logging.getLogger(__name__)

TRANSCRIBE = "transcribe"
"""The job's name; its key is the recording's id, its payload ``{"recording": id, "call": id}``."""
STORED = "recording.stored"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PIECE_BYTES = 1 << 20


class Recordings:
    """The installation's recordings.

    Args:
        place: a folder's path, or an address such as ``s3://bucket/prefix``.
        units: makes the unit of work of a row.
        clock: stamps the row.
    """

    def __init__(self, place: str | Path, units: UnitOfWorkFactory, *, clock: Clock) -> None:
        self._units = units
        self._clock = clock
        self._folder: Path | None = None
        if isinstance(place, Path) or urlsplit(place).scheme in ("", "file"):
            self._folder = Path(place if isinstance(place, Path) else urlsplit(place).path)
            self._folder.mkdir(parents=True, exist_ok=True)
            self._objects: ObjectStore = LocalStore(self._folder)
        else:
            self._objects = from_url(str(place))

    async def store(
        self, spool: Path, *, recording: str, call: str, duration_s: float, complete: bool = True
    ) -> StoredRecording:
        """Make a finished spool file durable; a repeated call changes nothing.

        Args:
            spool: a closed file; removed when all is written.
            recording, call: ULIDs.
            duration_s: its length.
            complete: False if its writer died and it was mended.
        Raises:
            RecordingNotKept: the disk is full or broken, or the store away; the spool file is untouched.
            StoreUnavailable: the row could not be written; the spool file is untouched.
        """
        key = key_of(recording)
        try:
            sha256, size_bytes = await asyncio.to_thread(_digest, spool)
            if self._folder is not None:
                await asyncio.to_thread(_place, spool, self._folder / key)
            else:
                await obstore.put_async(self._objects, key, spool)
        except (OSError, BaseError) as error:
            log.error("recording not kept", extra={"recording": recording, "error": str(error)})
            raise RecordingNotKept(f"recording {recording} could not be written: {error}") from error
        stored = StoredRecording(recording, call, sha256, size_bytes, duration_s, complete, self._clock.now(), key)
        with suppress(AlreadyExists):
            await self._units.run(lambda uow: _enter(uow, stored))
        await asyncio.to_thread(spool.unlink, missing_ok=True)
        return stored

    async def read(self, key: str, *, start: int = 0, length: int | None = None) -> bytes:
        """Bytes of a recording.

        Args:
            key: of its row.
            start, length: the range in bytes; ``length`` None reads to the end.
        Raises:
            RecordingNotFound: no bytes stand there.
        """
        try:
            if length is not None:
                return bytes(await obstore.get_range_async(self._objects, key, start=start, length=length))
            whole = await obstore.get_async(self._objects, key)
            return bytes(await whole.bytes_async())[start:]
        except FileNotFoundError as error:
            raise RecordingNotFound(f"no recording stands under {key}") from error

    async def pieces(self, key: str) -> AsyncIterator[bytes]:
        """A recording's bytes piece by piece, for answers over HTTP.

        Raises:
            RecordingNotFound: no bytes stand there.
        """
        try:
            whole = await obstore.get_async(self._objects, key)
        except FileNotFoundError as error:
            raise RecordingNotFound(f"no recording stands under {key}") from error
        async for piece in whole.stream(min_chunk_size=_PIECE_BYTES):
            yield bytes(piece)

    async def local_file(self, key: str, scratch: Path) -> Path:
        """A file that holds the recording: its own on a folder, else a copy in ``scratch`` that the caller removes.

        Raises:
            RecordingNotFound: no bytes stand there.
        """
        if self._folder is not None:
            path = self._folder / key
            if not path.exists():
                raise RecordingNotFound(f"no recording stands under {key}")
            return path
        path = scratch / key.replace("/", "-")
        path.write_bytes(await self.read(key))
        return path

    async def is_unchanged(self, stored: StoredRecording) -> bool:
        """Whether the bytes are those that were stored."""
        digest = hashlib.sha256()
        try:
            async for piece in self.pieces(stored.key):
                digest.update(piece)
        except RecordingNotFound:
            return False
        return digest.hexdigest() == stored.sha256


def key_of(recording: str) -> str:
    """Where a recording stands: by the business day on which its ULID was made, e.g. ``2026/11/24/01J….wav``."""
    milliseconds = 0
    for character in recording[:10]:
        milliseconds = milliseconds * 32 + _CROCKFORD.index(character)
    day = datetime.fromtimestamp(milliseconds / 1000, UTC).astimezone(SHANGHAI)
    return f"{day:%Y/%m/%d}/{recording}.wav"


async def _enter(uow: SqlUnitOfWork, stored: StoredRecording) -> None:
    await uow.recordings.add(stored)
    uow.jobs.enqueue(TRANSCRIBE, stored.id, {"recording": stored.id, "call": stored.call_id})
    uow.events.append(
        STORED,
        {
            "recording": stored.id,
            "call": stored.call_id,
            "duration_s": stored.duration_s,
            "complete": stored.complete,
        },
    )
    await uow.commit()


def _digest(path: Path) -> tuple[str, int]:
    digest, size_bytes = hashlib.sha256(), 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            digest.update(piece)
            size_bytes += len(piece)
        os.fsync(file.fileno())
    return digest.hexdigest(), size_bytes


def _place(spool: Path, final: Path) -> None:
    """Put the bytes under their final name, whole and synced, or not at all."""
    final.parent.mkdir(parents=True, exist_ok=True)
    draft = final.with_name(f".{final.name}.part")
    draft.unlink(missing_ok=True)
    try:
        try:
            os.link(spool, draft)
        except OSError:  # another file system, or one without links
            _copy(spool, draft)
        draft.replace(final)
    except OSError:
        draft.unlink(missing_ok=True)
        raise
    folder = final.parent
    for _ in range(4):  # the day, the month, the year and the root: each may be new
        _sync_folder(folder)
        folder = folder.parent


def _copy(spool: Path, draft: Path) -> None:
    with spool.open("rb") as source, draft.open("wb") as target:
        shutil.copyfileobj(source, target, _PIECE_BYTES)
        target.flush()
        os.fsync(target.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
