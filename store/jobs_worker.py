"""The jobs process: takes durable jobs and calls the rooms' handlers.

Each attempt is a DBOS workflow of two steps: *carry out* calls the handler, *conclude* writes what became of it and,
in the same transaction, the next attempt if there is one. Steps are at-least-once: a process killed in the middle
carries the step out again after its restart, so a handler must find its own earlier effect and change nothing.
"""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from dbos import DBOS
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from store.database import Database, is_passing
from store.job_rules import JobState, MustWait, Outcome, Raised, RetryRules, Succeeded, decide
from store.jobs import (
    APPLICATION_NAME,
    APPLICATION_VERSION,
    QUEUE_NAME,
    WORKFLOW_NAME,
    JsonSerializer,
    enqueue_attempt,
    job_client,
)
from store.tables.jobs import job_table
from vocabulary.clock import Clock
from vocabulary.errors import JobMustWait

log = logging.getLogger(__name__)
Handler = Callable[[Mapping[str, Any]], Awaitable[None] | None]
"""Carries out one job: async on the process's loop, or synchronous in a thread. It must be idempotent."""
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class JobsConfig:
    """How one worker works.

    ``executor_id`` must be the same at each start: a restart under the same name takes up what was killed.
    ``at_once`` is the number of jobs carried out together; ``poll_s`` how often the queue is looked at.
    """

    executor_id: str = "jobs-1"
    at_once: int = 2
    poll_s: float = 0.5
    retry: RetryRules = field(default_factory=RetryRules)


class _Stopped(BaseException):
    """Leaves a workflow without a result; no ``Exception``, since DBOS would record that as the workflow's end."""


class JobsWorker:
    """One worker in this process; DBOS allows no second one.

    Args:
        database: prepared by the migrations.
        clock: stamps the rows.
        handlers: name to handler; a job without one waits and says so.
        config: see JobsConfig.
    """

    NO_HANDLER_PAUSE_S = 300.0

    def __init__(
        self, database: Database, *, clock: Clock, handlers: Mapping[str, Handler], config: JobsConfig | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._handlers = dict(handlers)
        self._config = config or JobsConfig()
        self._stopping = False
        self._under_way: set[Future[Any]] = set()

    async def start(self) -> None:
        """Take up what was left, and begin to work."""
        self._loop = asyncio.get_running_loop()
        self._engine = self._database.sync_engine(pool_size=2 if self._database.is_sqlite else 10)
        self._client = job_client(self._engine)
        await asyncio.to_thread(self._launch)

    async def stop(self, *, finish_s: float = 5) -> None:
        """Stop: nothing new begins, and work that does not end in time is taken up at the next start.

        Args:
            finish_s: how long the handlers under way may still take.
        """
        self._stopping = True
        async with asyncio.timeout(finish_s + 5):
            if self._under_way:
                await asyncio.wait([asyncio.wrap_future(future) for future in self._under_way], timeout=finish_s)
            for future in set(self._under_way):
                future.cancel()
            await asyncio.to_thread(DBOS.destroy, destroy_registry=True)
        self._client.destroy()
        self._engine.dispose()

    def _launch(self) -> None:
        DBOS(
            config={
                "name": APPLICATION_NAME,
                "system_database_engine": self._engine,
                "system_database_url": self._database.url,
                "application_version": APPLICATION_VERSION,
                "executor_id": self._config.executor_id,
                "serializer": JsonSerializer(),
                "run_migrations": False,
                "max_executor_threads": 16,
                "log_level": "WARNING",
            }
        )

        @DBOS.step(name="carry out")
        def carry_out(name: str, key: str, attempt: int) -> list[Any]:
            return self._carry_out(name, key, attempt)

        @DBOS.step(name="conclude", retries_allowed=True, max_attempts=8, interval_seconds=0.5)
        def conclude(name: str, key: str, attempt: int, kept: list[Any]) -> str:
            return self._conclude(name, key, attempt, kept)

        @DBOS.workflow(name=WORKFLOW_NAME, max_recovery_attempts=None)
        def job(name: str, key: str, attempt: int) -> str:
            return conclude(name, key, attempt, carry_out(name, key, attempt))

        DBOS.launch()
        DBOS.register_queue(
            QUEUE_NAME,
            worker_concurrency=self._config.at_once,
            polling_interval_sec=self._config.poll_s,
            on_conflict="always_update",
        )

    def _carry_out(self, name: str, key: str, attempt: int) -> list[Any]:
        """The first step, in a DBOS thread; its result is kept as JSON."""
        payload, starts = self._on_loop(self._begin(name, key, attempt))
        if payload is None:
            return ["stale"]
        handler = self._handlers.get(name)
        if handler is None:
            return _kept(MustWait(f"no handler is installed for {name}", self.NO_HANDLER_PAUSE_S))
        if starts > self._config.retry.starts:
            return ["dead", f"given up: its worker died {starts - 1} times in the middle"]
        return _kept(self._call(handler, name, key, payload))

    def _call(self, handler: Handler, name: str, key: str, payload: Mapping[str, Any]) -> Outcome:
        try:
            begun = handler(payload)
            if inspect.iscoroutine(begun):
                self._on_loop(begun)
        except JobMustWait as wait:
            return MustWait(wait.reason, wait.again_after_s)
        except Exception as error:
            log.exception("a job's attempt failed", extra={"job": name, "job_key": key})
            return Raised(f"{type(error).__name__}: {error}"[:500])
        return Succeeded()

    async def _begin(self, name: str, key: str, attempt: int) -> tuple[dict[str, Any] | None, int]:
        """Mark the job as running; None if this attempt was overtaken by an order to start anew."""
        query = (
            update(job_table)
            .where(job_table.c.name == name, job_table.c.key == key, job_table.c.attempt == attempt)
            .values(state=JobState.RUNNING, starts=job_table.c.starts + 1, started_at=self._clock.now())
            .returning(job_table.c.payload, job_table.c.starts)
        )

        async def begin(session: AsyncSession) -> tuple[dict[str, Any] | None, int]:
            row = (await session.execute(query)).first()
            return (row.payload, row.starts) if row else (None, 0)

        return await self._in_transaction(begin)

    def _conclude(self, name: str, key: str, attempt: int, kept: list[Any]) -> str:
        """The second step: write what became of the attempt, and the next one."""
        return self._on_loop(self._in_transaction(lambda session: self._write(session, name, key, attempt, kept)))

    async def _write(self, session: AsyncSession, name: str, key: str, attempt: int, kept: list[Any]) -> str:
        mine = (job_table.c.name == name, job_table.c.key == key, job_table.c.attempt == attempt)
        row = (await session.execute(job_table.select().where(*mine))).first()
        if row is None or kept[0] == "stale":
            return "overtaken"
        now = self._clock.now()
        if kept[0] == "dead":
            values = {"state": JobState.FAILED, "reason": kept[1], "finished_at": now}
            await session.execute(update(job_table).where(*mine).values(values))
            return JobState.FAILED.value
        decision = decide(_outcome(kept), failures=row.failures, rules=self._config.retry)
        values = {"state": decision.state, "failures": decision.failures, "reason": decision.reason}
        if decision.state is JobState.WAITING:
            values |= {"attempt": attempt + 1, "starts": 0, "due_at": now + timedelta(seconds=decision.pause_s)}
            await session.run_sync(
                lambda sync: enqueue_attempt(
                    self._client, sync, name, key, attempt=attempt + 1, pause_s=decision.pause_s
                )
            )
        else:
            values["finished_at"] = now
        await session.execute(update(job_table).where(*mine).values(values))
        return decision.state.value

    async def _in_transaction(self, work: Callable[[AsyncSession], Awaitable[Value]]) -> Value:
        for pause_s in (0.05, 0.2, 1.0, 5.0, None):
            try:
                async with AsyncSession(self._database.writing) as session, session.begin():
                    return await work(session)
            except Exception as error:
                if pause_s is None or not is_passing(error):
                    raise
                await asyncio.sleep(pause_s)
        raise AssertionError("unreachable")

    def _on_loop(self, work: Coroutine[Any, Any, Value]) -> Value:
        """Run a coroutine on the process's loop from a DBOS thread.

        Raises:
            _Stopped: the worker is stopping; the workflow stays as it is and is taken up at the next start.
        """
        if self._stopping:
            work.close()
            raise _Stopped
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        self._under_way.add(future)
        try:
            return future.result()
        except CancelledError:
            raise _Stopped from None
        finally:
            self._under_way.discard(future)


async def run(
    database: Database,
    *,
    clock: Clock,
    handlers: Mapping[str, Handler],
    stopping: asyncio.Event,
    config: JobsConfig | None = None,
) -> None:
    """The whole life of a jobs process: work until ``stopping`` is set."""
    worker = JobsWorker(database, clock=clock, handlers=handlers, config=config)
    await worker.start()
    log.info("jobs worker started", extra={"handlers": sorted(handlers)})
    await stopping.wait()
    await worker.stop()


def _kept(outcome: Outcome) -> list[Any]:
    match outcome:
        case Succeeded():
            return ["succeeded"]
        case MustWait(reason, again_after_s):
            return ["must wait", reason, again_after_s]
        case Raised(reason):
            return ["raised", reason]


def _outcome(kept: list[Any]) -> Outcome:
    match kept:
        case ["succeeded"]:
            return Succeeded()
        case ["must wait", reason, again_after_s]:
            return MustWait(reason, again_after_s)
        case [_, reason]:
            return Raised(reason)
        case _:
            raise ValueError(f"an outcome of {len(kept)} parts was kept")
