"""A process opens everything with one call, and opens the same again."""

from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from store.jobs import read_jobs
from store.opening import open_store
from vocabulary.clock import SystemClock
from vocabulary.identifiers import new_id

pytestmark = pytest.mark.store


async def test_what_one_start_wrote_the_next_one_reads(database_url: str, tmp_path: Path) -> None:
    clock = SystemClock()
    recording = new_id(clock)
    spool = tmp_path / "spool.wav"
    spool.write_bytes(b"RIFF")
    for start in (1, 2):
        store = await open_store(
            url=database_url, secrets_folder=tmp_path, recordings_place=tmp_path / "recordings", clock=clock,
            migrate=start == 1,
        )  # fmt: skip
        if start == 1:
            await store.recordings.store(spool, recording=recording, call=new_id(clock), duration_s=1.0)
        async with store.units.reading() as uow:
            assert (await uow.recordings.get(recording)).size_bytes == 4
        async with AsyncSession(store.database.reading) as session:
            assert [(job.name, job.key) for job in await read_jobs(session)] == [("transcribe", recording)]
        await store.close()
