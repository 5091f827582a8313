"""A recording is stored whole, with its row, its job and its event, or its spool file stays."""

import errno
import hashlib
from pathlib import Path

import pytest

from store import recordings as recordings_module
from store.errors import RecordingNotFound, RecordingNotKept
from store.recordings import Recordings, key_of
from store.repositories.recordings import StoredRecording
from store.unit_of_work import SqlUnitOfWork, UnitOfWorkFactory
from tests.fakes.clock import FakeClock
from tests.fakes.jobs import RememberedJobs
from vocabulary.identifiers import new_id

pytestmark = pytest.mark.store

SOUND = bytes(range(256)) * 20


@pytest.fixture
def recordings(uow_factory: UnitOfWorkFactory, clock: FakeClock, tmp_path: Path) -> Recordings:
    return Recordings(tmp_path / "recordings", uow_factory, clock=clock)


@pytest.fixture
def spool(tmp_path: Path) -> Path:
    path = tmp_path / "spool.wav"
    path.write_bytes(SOUND)
    return path


async def _row(units: UnitOfWorkFactory, recording: str) -> StoredRecording | None:
    async with units() as uow:
        found: StoredRecording | None = await uow.recordings.get(recording)
        return found


async def test_bytes_row_and_job_stand_and_the_spool_file_is_gone(
    recordings: Recordings, spool: Path, clock: FakeClock, uow_factory: UnitOfWorkFactory, jobs: RememberedJobs
) -> None:
    recording, call = new_id(clock), new_id(clock)
    stored = await recordings.store(spool, recording=recording, call=call, duration_s=1.5)
    assert not spool.exists()
    assert await _row(uow_factory, recording) == stored
    assert (stored.sha256, stored.size_bytes) == (hashlib.sha256(SOUND).hexdigest(), len(SOUND))
    assert [(job.name, job.key) for job in jobs.requests] == [("transcribe", recording)]
    assert await recordings.read(stored.key, start=10, length=5) == SOUND[10:15]
    assert b"".join([piece async for piece in recordings.pieces(stored.key)]) == SOUND
    assert (await recordings.local_file(stored.key, spool.parent)).read_bytes() == SOUND


async def test_storing_again_after_a_crash_changes_nothing(
    recordings: Recordings, spool: Path, clock: FakeClock, uow_factory: UnitOfWorkFactory
) -> None:
    recording = new_id(clock)
    first = await recordings.store(spool, recording=recording, call="", duration_s=1.5)
    spool.write_bytes(SOUND)
    clock.advance(60)
    await recordings.store(spool, recording=recording, call="", duration_s=1.5)
    assert await _row(uow_factory, recording) == first
    assert not spool.exists()


async def test_a_full_disk_keeps_the_spool_file_and_claims_nothing(
    recordings: Recordings,
    spool: Path,
    clock: FakeClock,
    uow_factory: UnitOfWorkFactory,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(recordings_module.os, "link", full)
    monkeypatch.setattr(recordings_module.shutil, "copyfileobj", full)
    recording = new_id(clock)
    with pytest.raises(RecordingNotKept, match="No space left"):
        await recordings.store(spool, recording=recording, call="", duration_s=1.5)
    assert spool.read_bytes() == SOUND
    assert await _row(uow_factory, recording) is None
    assert [path for path in (tmp_path / "recordings").rglob("*") if path.is_file()] == []
    monkeypatch.undo()  # free space again: the work resumes
    await recordings.store(spool, recording=recording, call="", duration_s=1.5)
    assert await _row(uow_factory, recording) is not None


async def test_a_row_that_cannot_be_written_keeps_the_spool_file(
    recordings: Recordings, spool: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(self: SqlUnitOfWork) -> None:
        raise ConnectionError("the database is away")

    monkeypatch.setattr(SqlUnitOfWork, "commit", away)
    with pytest.raises(ConnectionError):
        await recordings.store(spool, recording=new_id(clock), call="", duration_s=1.5)
    assert spool.read_bytes() == SOUND


async def test_another_file_system_is_copied_to(
    recordings: Recordings, spool: Path, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def other(*_: object) -> None:
        raise OSError(errno.EXDEV, "Invalid cross-device link")

    monkeypatch.setattr(recordings_module.os, "link", other)
    stored = await recordings.store(spool, recording=new_id(clock), call="", duration_s=1.5)
    assert await recordings.read(stored.key) == SOUND


async def test_a_flipped_bit_and_a_missing_file_are_found(
    recordings: Recordings, spool: Path, clock: FakeClock, tmp_path: Path
) -> None:
    stored = await recordings.store(spool, recording=new_id(clock), call="", duration_s=1.5)
    assert await recordings.is_unchanged(stored)
    path = tmp_path / "recordings" / stored.key
    path.write_bytes(SOUND[:-1] + b"x")
    assert not await recordings.is_unchanged(stored)
    path.unlink()
    assert not await recordings.is_unchanged(stored)
    with pytest.raises(RecordingNotFound):
        await recordings.read(stored.key)


async def test_a_bucket_keeps_them_too(
    spool: Path, clock: FakeClock, uow_factory: UnitOfWorkFactory, tmp_path: Path
) -> None:
    recordings = Recordings("memory:///", uow_factory, clock=clock)
    stored = await recordings.store(spool, recording=new_id(clock), call="", duration_s=1.5)
    assert not spool.exists()
    assert await recordings.read(stored.key, start=3, length=4) == SOUND[3:7]
    assert (await recordings.local_file(stored.key, tmp_path)).read_bytes() == SOUND
    assert await recordings.is_unchanged(stored)
    with pytest.raises(RecordingNotFound):
        await recordings.read("2026/11/24/none.wav")


def test_the_key_is_the_business_day_of_the_identifier(clock: FakeClock) -> None:
    recording = new_id(clock)
    assert key_of(recording) == f"2026/11/24/{recording}.wav"
