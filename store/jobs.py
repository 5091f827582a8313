"""Durable jobs, enqueued inside the unit of work: its commit brings the job, its rollback takes the job away.

A job is a row of ours (what became of it, in words) and one short DBOS workflow for each attempt, put into the same
transaction. A job that must wait holds no worker: its next attempt is a workflow with a delay.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from dbos import DBOS, DBOSClient, EnqueueOptions, Serializer
from sqlalchemy import Engine, func, inspect, make_url, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from store.database import Database
from store.errors import JobsNotReady
from store.job_rules import JobState
from store.tables.jobs import job_table
from vocabulary.clock import Clock

APPLICATION_NAME = "nuanxian"
APPLICATION_VERSION = "1"
"""Fixed: DBOS's default, a hash of the code, would orphan pending work at each upgrade."""
QUEUE_NAME = "jobs"
WORKFLOW_NAME = "nuanxian.job"


class JsonSerializer(Serializer):
    """Arguments and results as JSON, not pickled: a row of the database must not be able to run code."""

    def serialize(self, data: Any) -> str:
        """See Serializer; an exception becomes its type and sentence."""
        return json.dumps(data, ensure_ascii=False, default=str)

    def deserialize(self, serialized_data: str) -> Any:
        """See Serializer."""
        return json.loads(serialized_data)

    def name(self) -> str:
        """See Serializer."""
        return "nuanxian_json"


@dataclass(frozen=True, slots=True)
class JobRequest:
    """One job to do: its handler's name, a key that makes it unique among that name, and JSON values."""

    name: str
    key: str
    payload: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JobRow:
    """Where one job stands, for people."""

    name: str
    key: str
    state: JobState
    failures: int
    reason: str
    enqueued_at: datetime
    due_at: datetime
    finished_at: datetime | None


class JobWriter(Protocol):
    """Puts job requests into the caller's transaction."""

    async def write(self, session: AsyncSession, requests: list[JobRequest]) -> None:
        """Write them; a request whose name and key are known already changes nothing."""
        ...


class JobEnqueuer:
    """The job side of a unit of work."""

    def __init__(self) -> None:
        self._waiting: list[JobRequest] = []

    def enqueue(self, name: str, key: str, payload: Mapping[str, Any]) -> None:
        """Ask for a durable job, if and when the unit commits.

        Args:
            name: the handler that server.py registered, e.g. ``transcribe``.
            key: the same name and key are carried out once, e.g. the row's id; at most 100 characters.
            payload: JSON values, without plain phone numbers.
        """
        self._waiting.append(JobRequest(name, key, dict(payload)))

    def forget(self) -> None:
        """Drop what was collected."""
        self._waiting.clear()

    async def write(self, session: AsyncSession, writer: JobWriter) -> None:
        """Hand what was collected to the writer, just before commit."""
        if self._waiting:
            await writer.write(session, self._waiting)
        self._waiting = []


class DbosJobWriter:
    """Writes a job's row and its first workflow into the caller's transaction.

    Args:
        database: the database of the units of work; its job tables stand (``prepare_job_tables``).
        clock: stamps the rows.
    """

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._clock = clock
        self._engine = database.sync_engine()
        self._client = job_client(self._engine)

    async def write(self, session: AsyncSession, requests: list[JobRequest]) -> None:
        """See JobWriter."""
        await session.run_sync(self._write, requests)

    def dispose(self) -> None:
        """Give the client back."""
        self._client.destroy()
        self._engine.dispose()

    def _write(self, session: Session, requests: list[JobRequest]) -> None:
        upsert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
        now = self._clock.now()
        for request in requests:
            row = {
                "name": request.name, "key": request.key, "payload": dict(request.payload),
                "state": JobState.PENDING, "attempt": 1, "failures": 0, "starts": 0, "reason": "",
                "enqueued_at": now, "due_at": now,
            }  # fmt: skip
            statement = upsert(job_table).values(row).on_conflict_do_nothing().returning(job_table.c.key)
            if session.scalar(statement) is not None:
                enqueue_attempt(self._client, session, request.name, request.key, attempt=1, pause_s=0.0)


def job_client(engine: Engine) -> DBOSClient:
    """A client that only writes into callers' transactions; it connects when first used."""
    return DBOSClient(
        system_database_engine=engine, serializer=JsonSerializer(), application_name=APPLICATION_NAME, lazy=True
    )


def enqueue_attempt(client: DBOSClient, session: Session, name: str, key: str, *, attempt: int, pause_s: float) -> None:
    """Put one attempt's workflow into the session's transaction; the same attempt again changes nothing."""
    options: EnqueueOptions = {
        "workflow_name": WORKFLOW_NAME,
        "queue_name": QUEUE_NAME,
        "workflow_id": f"{name}:{key}:{attempt}",
        "app_version": APPLICATION_VERSION,
    }
    if pause_s > 0:
        options["delay_seconds"] = pause_s
    client.enqueue_in_transaction(session, options, name, key, attempt)


def prepare_job_tables(url: str) -> None:
    """Make or upgrade DBOS's own tables; before anything is enqueued and before a worker starts. Blocks.

    Args:
        url: as given to ``Database``.
    """
    given = make_url(url)
    DBOS.migrate(given.set(drivername=given.get_backend_name()).render_as_string(hide_password=False))


def check_job_tables(engine: Engine) -> None:
    """Whether DBOS's tables stand.

    Raises:
        JobsNotReady: they do not.
    """
    schema = None if engine.dialect.name == "sqlite" else "dbos"
    if not inspect(engine).has_table("workflow_status", schema=schema):
        raise JobsNotReady("the tables of the durable jobs are missing: run the migrations first")


async def read_jobs(
    session: AsyncSession, *, name: str | None = None, states: frozenset[JobState] | None = None, limit: int = 200
) -> list[JobRow]:
    """Where the jobs stand, the newest first.

    Args:
        session: any session that reads.
        name: only this handler's.
        states: only these.
        limit: at most so many.
    """
    query = select(*(job_table.c[name_] for name_ in JobRow.__dataclass_fields__))
    if name is not None:
        query = query.where(job_table.c.name == name)
    if states is not None:
        query = query.where(job_table.c.state.in_(states))
    rows = await session.execute(query.order_by(job_table.c.enqueued_at.desc()).limit(limit))
    return [JobRow(**row._mapping) for row in rows]


async def count_jobs(session: AsyncSession) -> dict[JobState, int]:
    """How many jobs stand in each state; for ``/metrics``."""
    counts = dict.fromkeys(JobState, 0)
    for state, count in await session.execute(select(job_table.c.state, func.count()).group_by(job_table.c.state)):
        counts[state] = count
    return counts


async def order_again(session: AsyncSession, writer: DbosJobWriter, name: str, key: str, *, now: datetime) -> bool:
    """Start a failed or waiting job anew, at a person's order, in the session's transaction.

    Returns:
        False if there is no such job or it needs no order.
    """
    query = (
        update(job_table)
        .where(job_table.c.name == name, job_table.c.key == key)
        .where(job_table.c.state.in_((JobState.FAILED, JobState.WAITING)))
        .values(
            state=JobState.PENDING, attempt=job_table.c.attempt + 1, failures=0, starts=0,
            reason="ordered again", due_at=now + timedelta(0),
        )
        .returning(job_table.c.attempt)
    )  # fmt: skip
    attempt = await session.scalar(query)
    if attempt is None:
        return False
    await session.run_sync(lambda sync: enqueue_attempt(writer._client, sync, name, key, attempt=attempt, pause_s=0.0))
    return True
