"""One use case is one transaction: rows, audit entries, events and jobs are committed together or not at all.

``uow.audit.append``, ``uow.events.append`` and ``uow.jobs.enqueue`` are plain calls that collect; they are written at
``commit``, in that order. A room adds its repository by one line in ``_REPOSITORIES`` and one annotation below.
"""

import importlib
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Any, Self, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from store.audit import AuditTrail
from store.database import Database, is_passing
from store.errors import StoreUnavailable
from store.event_outbox import EventAppender
from store.jobs import JobEnqueuer, JobWriter
from store.session import StoreSession
from vocabulary.clock import Clock
from vocabulary.errors import AlreadyExists, ConcurrentChange
from vocabulary.phone_number import PhoneKeyer

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_REPOSITORIES = {
    # attribute: (module in store.repositories, class made as Class(StoreSession))
    "cases": ("cases", "CaseRepository"),
    "persons": ("cases", "PersonRepository"),
    "reporters": ("cases", "ReporterRepository"),
    "reminders": ("reminders", "ReminderRepository"),
    "callbacks": ("callbacks", "CallbackRepository"),
    "contact_locks": ("callbacks", "ContactLockRepository"),
    "contacts": ("callbacks", "ContactRepository"),
    "outbound_switch": ("callbacks", "OutboundSwitchRepository"),
    "seats": ("seats", "SeatRepository"),
    "queue": ("seats", "QueueRepository"),
    "reservations": ("seats", "ReservationRepository"),
    "seat_events": ("seats", "SeatEventLog"),
    "missed_calls": ("seats", "MissedCallRepository"),
    "rescue_calls": ("seats", "RescueCallRepository"),
    "ratings": ("seats", "RatingRepository"),
    "messages": ("sms", "SmsMessageRepository"),
    "users": ("access", "UserRepository"),
    "tokens": ("access", "TokenRepository"),
    "reveals": ("access", "RevealRepository"),
    "recordings": ("recordings", "RecordingRepository"),
    "transcripts": ("asr", "TranscriptRepository"),
}


class SqlUnitOfWork:
    """An async context manager around one transaction; leaving it without ``commit`` rolls back.

    Raises (at commit, flush or leaving):
        ConcurrentChange: an aggregate's version moved on meanwhile.
        AlreadyExists: a unique key stands already.
        StoreUnavailable: the database is locked or away.
    """

    cases: Any
    persons: Any
    reporters: Any
    reminders: Any
    callbacks: Any
    contact_locks: Any
    contacts: Any
    outbound_switch: Any
    seats: Any
    queue: Any
    reservations: Any
    seat_events: Any
    missed_calls: Any
    rescue_calls: Any
    ratings: Any
    messages: Any
    users: Any
    tokens: Any
    reveals: Any
    recordings: Any
    transcripts: Any

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        phone_keyer: PhoneKeyer,
        job_writer: JobWriter,
        writes: bool = True,
    ) -> None:
        self._engine = database.writing if writes else database.reading
        self._writes = writes
        self._clock = clock
        self._phone_keyer = phone_keyer
        self._job_writer = job_writer

    async def __aenter__(self) -> Self:
        self.session = AsyncSession(self._engine, expire_on_commit=False, autoflush=True)
        self.store = StoreSession(self.session, self._clock, self._phone_keyer)
        self.audit = AuditTrail(self.store)
        self.events = EventAppender(self.store)
        self.jobs = JobEnqueuer()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        await self.session.close()
        for name in _REPOSITORIES:
            self.__dict__.pop(name, None)
        if error is not None and (meant := _translated(error)) is not None:
            raise meant from error

    def __getattr__(self, name: str) -> Any:
        """Make a repository when it is first asked for, so that a room not installed costs nothing."""
        if name not in _REPOSITORIES:
            raise AttributeError(name)
        module, class_name = _REPOSITORIES[name]
        repository = getattr(importlib.import_module(f"store.repositories.{module}"), class_name)(self.store)
        setattr(self, name, repository)
        return repository

    async def commit(self) -> None:
        """Write the audit entries, events and jobs collected, and commit all.

        Raises:
            ConcurrentChange, AlreadyExists: see the class; nothing was written.
        """
        if not self._writes:
            raise RuntimeError("this unit of work only reads")
        try:
            await self.session.flush()
            await self.audit.write()
            await self.events.write()
            await self.jobs.write(self.session, self._job_writer)
            await self.session.commit()
        except (StaleDataError, DBAPIError, PoolTimeout) as error:
            with suppress(DBAPIError):  # the connection may be gone: then there is nothing to roll back
                await self.session.rollback()
            raise (_translated(error) or error) from error

    async def rollback(self) -> None:
        """Forget everything since the beginning or the last commit."""
        await self.session.rollback()
        self.audit.forget()
        self.events.forget()
        self.jobs.forget()


class UnitOfWorkFactory:
    """Makes units of work: ``async with uow_factory() as uow``.

    A unit holds SQLite's only writing connection from its first statement to its end: never open one inside another,
    and never wait for anything slow in it.

    Args:
        database: where they write.
        clock: stamps audit entries and events.
        phone_keyer: looks persons up by their number.
        job_writer: puts durable jobs into the transaction (``store.jobs.DbosJobWriter``).
    """

    ATTEMPTS = 5
    FIRST_PAUSE_S = 0.05
    """Doubles each time: 0.05, 0.1, 0.2, 0.4 s, on top of the database's own waiting."""

    def __init__(self, database: Database, *, clock: Clock, phone_keyer: PhoneKeyer, job_writer: JobWriter) -> None:
        self.database = database
        self.clock = clock
        self.phone_keyer = phone_keyer
        self._job_writer = job_writer

    def __call__(self) -> SqlUnitOfWork:
        """A fresh unit of work."""
        return SqlUnitOfWork(self.database, clock=self.clock, phone_keyer=self.phone_keyer, job_writer=self._job_writer)

    def reading(self) -> SqlUnitOfWork:
        """A unit that only reads, beside the writers (on SQLite a writing unit waits for the others from its start)."""
        return SqlUnitOfWork(
            self.database,
            clock=self.clock,
            phone_keyer=self.phone_keyer,
            job_writer=self._job_writer,
            writes=False,
        )

    async def run(self, use_case: Callable[[SqlUnitOfWork], Awaitable[Result]]) -> Result:
        """Run a use case in a unit of its own, again when the database was locked or away for a moment.

        Args:
            use_case: does its work and commits; called again from the start, so it must have no effect outside.
        Raises:
            StoreUnavailable: it still failed at the last attempt.
        """
        for attempt in range(self.ATTEMPTS):
            try:
                async with self() as uow:
                    return await use_case(uow)
            except StoreUnavailable as error:
                if attempt == self.ATTEMPTS - 1:
                    raise
                log.warning(
                    "unit of work tried again", extra={"attempt": attempt + 1, "error": type(error.__cause__).__name__}
                )
                await self.clock.sleep(self.FIRST_PAUSE_S * 2**attempt)
        raise AssertionError("unreachable")


def _translated(error: BaseException) -> Exception | None:
    match error:
        case StaleDataError():
            return ConcurrentChange("somebody else changed this first")
        case IntegrityError() if _is_unique(error):
            return AlreadyExists("this key stands already")
        case PoolTimeout():
            return StoreUnavailable("no connection came free in time")
        case DBAPIError() if is_passing(error):
            return StoreUnavailable("the database is locked or away")
        case _:
            return None


def _is_unique(error: IntegrityError) -> bool:
    return getattr(error.orig, "sqlstate", None) == "23505" or "UNIQUE constraint failed" in str(error.orig)
