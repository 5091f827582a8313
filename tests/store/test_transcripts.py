"""The durable job: one recording, one transcript, whatever happens in between."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from asr.errors import AudioRefused, RecogniserUnavailable
from asr.messages import Said, Transcribed
from asr.transcript import Speaker
from asr.transcription import READY, TranscriptionJob
from store.database import Database
from store.queries.asr import SqlTranscriptQueries
from store.repositories.recordings import StoredRecording
from store.tables.asr import transcript_table
from store.tables.event_outbox import event_outbox
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import FakeClock
from vocabulary.errors import JobMustWait

pytestmark = pytest.mark.store

RECORDING, CALL = "01JAAAAAAAAAAAAAAAAAAAAAAA", "01JBBBBBBBBBBBBBBBBBBBBBBB"
PAYLOAD = {"recording": RECORDING, "call": CALL}


class Speech:
    """A speech worker that says what the test wants."""

    def __init__(self) -> None:
        self.asked: list[Path] = []
        self.error: Exception | None = None
        self.meanwhile: Callable[[], object] | None = None

    async def transcribe(self, path: Path) -> Transcribed:
        self.asked.append(path)
        if self.error is not None:
            raise self.error
        said = [Said("hotline", 0.5, 2.0, "您好"), Said("caller", 2.5, 4.0, "家里不热")]
        return Transcribed("r", "faster-whisper", "whisper-base", 5.0, said)


class Files:
    """Recordings in a folder."""

    async def local_file(self, key: str, scratch: Path) -> Path:
        return Path("/spool") / key


@pytest.fixture
def speech() -> Speech:
    return Speech()


@pytest.fixture
async def job(uow_factory: UnitOfWorkFactory, clock: FakeClock, speech: Speech) -> TranscriptionJob:
    async with uow_factory() as uow:
        await uow.recordings.add(StoredRecording(RECORDING, CALL, "0" * 64, 80_000, 5.0, True, clock.now(), "a.wav"))
        await uow.commit()
    return TranscriptionJob(uow_factory, Files(), speech, clock)


async def count(database: Database) -> int:
    async with database.reading.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(transcript_table)) or 0)


async def test_a_recording_becomes_a_draft_with_speakers_and_times(job: TranscriptionJob, database: Database) -> None:
    await job.handle(PAYLOAD)
    row = await SqlTranscriptQueries(database).of_recording(RECORDING)
    assert row is not None
    assert [(part.speaker, part.started_s, part.text) for part in row.segments] == [
        (Speaker.HOTLINE, 0.5, "您好"),
        (Speaker.CALLER, 2.5, "家里不热"),
    ]
    assert (row.backend, row.model, row.draft, row.call) == ("faster-whisper", "whisper-base", True, CALL)
    assert [found.id for found in await SqlTranscriptQueries(database).of_call(CALL)] == [row.id]


async def test_the_other_rooms_are_told_in_the_same_transaction(job: TranscriptionJob, database: Database) -> None:
    await job.handle(PAYLOAD)
    async with database.reading.connect() as connection:
        rows = (await connection.execute(select(event_outbox.c.topic, event_outbox.c.payload))).all()
    (payload,) = [row.payload for row in rows if row.topic == READY]
    assert (payload["recording"], payload["call"], payload["words"]) == (RECORDING, CALL, 4)


async def test_a_job_that_is_done_again_changes_nothing(
    job: TranscriptionJob, speech: Speech, database: Database
) -> None:
    await job.handle(PAYLOAD)
    await job.handle(PAYLOAD)
    assert len(speech.asked) == 1
    assert await count(database) == 1


async def test_two_workers_at_once_leave_one_transcript(
    job: TranscriptionJob, speech: Speech, database: Database, uow_factory: UnitOfWorkFactory, clock: FakeClock
) -> None:
    class Late(Speech):
        async def transcribe(self, path: Path) -> Transcribed:
            await job.handle(PAYLOAD)  # the other worker is quicker
            return await super().transcribe(path)

    await TranscriptionJob(uow_factory, Files(), Late(), clock).handle(PAYLOAD)
    assert await count(database) == 1


async def test_without_a_recogniser_the_job_waits_and_says_so(
    job: TranscriptionJob, speech: Speech, database: Database
) -> None:
    speech.error = RecogniserUnavailable("faster-whisper is missing: pip install 'nuanxian[speech]'")
    with pytest.raises(JobMustWait, match="pip install"):
        await job.handle(PAYLOAD)
    assert await count(database) == 0
    speech.error = None
    await job.handle(PAYLOAD)
    assert await count(database) == 1


async def test_a_broken_recording_is_an_error_of_the_job(job: TranscriptionJob, speech: Speech) -> None:
    speech.error = AudioRefused("a.wav", "not a WAV file")
    with pytest.raises(AudioRefused):
        await job.handle(PAYLOAD)


async def test_an_unknown_recording_is_an_error_of_the_job(job: TranscriptionJob) -> None:
    with pytest.raises(LookupError, match="no recording"):
        await job.handle({"recording": "01JZZZZZZZZZZZZZZZZZZZZZZZ", "call": CALL})


async def test_what_was_said_stands_encrypted(job: TranscriptionJob, database: Database) -> None:
    await job.handle(PAYLOAD)
    async with database.reading.connect() as connection:
        kept = await connection.scalar(text("SELECT segments FROM transcript"))
    assert "家里不热" not in kept
    assert "text" not in kept
