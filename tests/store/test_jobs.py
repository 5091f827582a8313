"""Durable jobs: committed with their cause, done once in effect, waiting with a sentence, surviving kill -9."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from store.database import Database
from store.job_rules import JobState, RetryRules
from store.jobs import DbosJobWriter, JobRow, count_jobs, order_again, prepare_job_tables, read_jobs
from store.jobs_worker import JobsConfig, JobsWorker
from store.unit_of_work import UnitOfWorkFactory
from vocabulary.clock import SystemClock
from vocabulary.errors import JobMustWait
from vocabulary.phone_number import PhoneKeyer

pytestmark = pytest.mark.store

CONFIG = JobsConfig(at_once=2, poll_s=0.05, retry=RetryRules(failures=3, first_pause_s=0.05))
DESK = Path(__file__).with_name("jobs_desk.py")


@pytest.fixture
async def writer(database: Database) -> AsyncIterator[DbosJobWriter]:
    await asyncio.to_thread(prepare_job_tables, database.url)
    writer = DbosJobWriter(database, clock=SystemClock())
    yield writer
    writer.dispose()


@pytest.fixture
def units(database: Database, writer: DbosJobWriter, phone_keyer: PhoneKeyer) -> UnitOfWorkFactory:
    return UnitOfWorkFactory(database, clock=SystemClock(), phone_keyer=phone_keyer, job_writer=writer)


async def _enqueue(units: UnitOfWorkFactory, name: str, *keys: str, commit: bool = True) -> None:
    async with units() as uow:
        for key in keys:
            uow.jobs.enqueue(name, key, {"key": key})
        if commit:
            await uow.commit()


async def _until(database: Database, met: Callable[[list[JobRow]], bool], within_s: float = 20) -> list[JobRow]:
    async with asyncio.timeout(within_s):
        while True:
            async with AsyncSession(database.reading) as session:
                rows = await read_jobs(session)
            if met(rows):
                return rows
            await asyncio.sleep(0.03)


def _all(state: JobState) -> Callable[[list[JobRow]], bool]:
    return lambda rows: bool(rows) and all(row.state is state for row in rows)


async def test_a_committed_job_is_done_and_one_rolled_back_never_was(
    database: Database, units: UnitOfWorkFactory
) -> None:
    seen: list[str] = []

    async def boil(payload: Mapping[str, Any]) -> None:
        seen.append(payload["key"])

    await _enqueue(units, "boil", "lost", commit=False)
    await _enqueue(units, "boil", "a", "b")
    await _enqueue(units, "boil", "a")  # known already
    worker = JobsWorker(database, clock=SystemClock(), handlers={"boil": boil}, config=CONFIG)
    await worker.start()
    rows = await _until(database, _all(JobState.DONE))
    await worker.stop()
    assert sorted(seen) == ["a", "b"]
    assert {row.key for row in rows} == {"a", "b"}
    async with AsyncSession(database.reading) as session:
        assert (await count_jobs(session))[JobState.DONE] == 2


async def test_a_job_that_must_wait_says_why_and_is_done_later(database: Database, units: UnitOfWorkFactory) -> None:
    weights_arrived = asyncio.Event()

    async def transcribe(payload: Mapping[str, Any]) -> None:
        if not weights_arrived.is_set():
            raise JobMustWait("no recogniser is installed", 0.1)

    await _enqueue(units, "transcribe", "a")
    worker = JobsWorker(database, clock=SystemClock(), handlers={"transcribe": transcribe}, config=CONFIG)
    await worker.start()
    waiting = await _until(database, _all(JobState.WAITING))
    weights_arrived.set()
    done = await _until(database, _all(JobState.DONE))
    await worker.stop()
    assert waiting[0].reason == "no recogniser is installed"
    assert (done[0].reason, done[0].failures) == ("", 0)


async def test_a_failing_handler_is_given_up_and_can_be_ordered_again(
    database: Database, units: UnitOfWorkFactory, writer: DbosJobWriter
) -> None:
    broken = True
    calls = 0

    def boil(payload: Mapping[str, Any]) -> None:
        nonlocal calls
        calls += 1
        if broken:
            raise RuntimeError("no water")

    await _enqueue(units, "boil", "a")
    worker = JobsWorker(database, clock=SystemClock(), handlers={"boil": boil}, config=CONFIG)
    await worker.start()
    rows = await _until(database, _all(JobState.FAILED))
    assert (calls, rows[0].reason) == (3, "given up after 3 failures: RuntimeError: no water")
    broken = False
    async with units() as uow:
        assert await order_again(uow.session, writer, "boil", "a", now=SystemClock().now())
        await uow.commit()
    await _until(database, _all(JobState.DONE))
    await worker.stop()
    assert calls == 4


async def test_a_job_without_a_handler_waits_and_says_so(database: Database, units: UnitOfWorkFactory) -> None:
    await _enqueue(units, "unheard-of", "a")
    worker = JobsWorker(database, clock=SystemClock(), handlers={}, config=CONFIG)
    await worker.start()
    rows = await _until(database, _all(JobState.WAITING))
    await worker.stop()
    assert rows[0].reason == "no handler is installed for unheard-of"


TRANSCRIPTS = Table(
    "desk_transcript", MetaData(), Column("key", String(40), primary_key=True), Column("begun", Integer),
)  # fmt: skip


async def test_kill_9_in_the_middle_neither_loses_nor_doubles(
    database: Database, units: UnitOfWorkFactory, tmp_path: Path
) -> None:
    keys = [f"r{number}" for number in range(6)]
    async with database.writing.begin() as connection:
        await connection.run_sync(TRANSCRIPTS.metadata.create_all)
    await _enqueue(units, "transcribe", *keys)
    gate = tmp_path / "gate"
    first = _start_desk(database, gate)
    try:
        await _until(database, lambda rows: sum(row.state is JobState.RUNNING for row in rows) == 2)
    finally:
        first.send_signal(signal.SIGKILL)
        await asyncio.to_thread(first.wait)
    gate.touch()
    second = _start_desk(database, gate)
    try:
        await _until(database, _all(JobState.DONE))
    finally:
        second.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(second.wait, 20) == 0
    async with database.reading.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(TRANSCRIPTS)) == len(keys)


def _start_desk(database: Database, gate: Path) -> subprocess.Popen[bytes]:
    root = str(Path(__file__).parents[2])
    return subprocess.Popen(
        [sys.executable, str(DESK), database.url, str(gate)], cwd=root, env=os.environ | {"PYTHONPATH": root}
    )
