"""Events that leave a commit: appended in its transaction, tailed by whoever cares.

Each reader keeps its position; an event is given again until it is acknowledged (at least once). Readers are woken by
NOTIFY on PostgreSQL and by ``PRAGMA data_version``, looked at every 200 ms, on SQLite.
"""

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from store.database import Database, is_passing
from store.event_wakers import CHANNEL, DataVersionWaker, NotifyWaker
from store.session import StoreSession
from store.tables.event_outbox import event_outbox, event_readers
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)

_ADVISORY_LOCK = 0x4E75616F  # numbers are given in the order of commits, so a reader never skips one


class EventAppender:
    """The event side of a unit of work."""

    def __init__(self, store: StoreSession) -> None:
        self._store = store
        self._waiting: list[dict[str, Any]] = []

    def append(self, topic: str, payload: Mapping[str, Any]) -> None:
        """Tell the other processes, if and when the unit commits.

        Args:
            topic: e.g. ``case.moved``.
            payload: JSON values, without plain phone numbers.
        """
        clock = self._store.clock
        self._waiting.append({"id": new_id(clock), "topic": topic, "payload": dict(payload), "at": clock.now()})

    def forget(self) -> None:
        """Drop what was collected."""
        self._waiting.clear()

    async def write(self) -> None:
        """Insert what was collected, just before commit."""
        if not self._waiting:
            return
        session = self._store.session
        on_postgresql = session.get_bind().dialect.name == "postgresql"
        if on_postgresql:
            await session.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _ADVISORY_LOCK})
        await session.execute(insert(event_outbox), self._waiting)
        if on_postgresql:
            await session.execute(text(f"NOTIFY {CHANNEL}"))
        self._waiting.clear()


@dataclass(frozen=True, slots=True)
class Event:
    """One event as a reader gets it; ``id`` is its own for ever, for readers that must not act twice."""

    number: int
    id: str
    topic: str
    payload: Mapping[str, Any]
    at: datetime


class EventTail:
    """Reads events in the order of their commits.

    Args:
        database: where they stand.
        reader: the name under which the position is kept; a new name begins with the oldest event kept.
            None reads from now on and keeps nothing (a screen).
        clock: paces the retries when the database is away.
    """

    PAGE = 100
    RETRY_S = 1.0

    def __init__(self, database: Database, reader: str | None, *, clock: Clock) -> None:
        self._database = database
        self._reader = reader
        self._clock = clock
        self._position: int | None = None
        self._waker = DataVersionWaker(database, clock) if database.is_sqlite else NotifyWaker(database)

    async def begin(self) -> None:
        """Fix where reading starts; a reader without a name sees what is committed after this."""
        async with self._database.reading.connect() as connection:
            if self._reader is None:
                query = select(func.coalesce(func.max(event_outbox.c.number), 0))
            else:
                query = select(event_readers.c.position).where(event_readers.c.name == self._reader)
            self._position = int(await connection.scalar(query) or 0)

    def __aiter__(self) -> AsyncIterator[Event]:
        """See ``events``."""
        return self.events()

    async def events(self) -> AsyncGenerator[Event, None]:
        """Events for ever, waiting for the next; whoever leaves early closes the generator (``aclosing``)."""
        try:
            while True:
                try:
                    await self._waker.arm()
                    if self._position is None:
                        await self.begin()
                    page = await self._read()
                except DBAPIError as error:
                    if not is_passing(error):
                        raise
                    log.warning("events cannot be read now", extra={"reader": self._reader or "live"})
                    await self._clock.sleep(self.RETRY_S)
                    continue
                for event in page:
                    yield event
                    self._position = event.number
                if not page:
                    await self._waker.wait()
        finally:
            await self._waker.close()

    async def ack(self, event: Event) -> None:
        """This event and all before it are dealt with."""
        async with AsyncSession(self._database.writing) as session, session.begin():
            await self.ack_within(session, event)

    async def ack_within(self, session: AsyncSession, event: Event) -> None:
        """As ``ack``, inside the transaction of the effect, which makes that effect exactly once."""
        upsert = sqlite.insert if self._database.is_sqlite else postgresql.insert
        statement = upsert(event_readers).values(name=self._reader, position=event.number)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=[event_readers.c.name],
                set_={"position": event.number},
                where=event_readers.c.position < event.number,
            )
        )

    async def _read(self) -> list[Event]:
        query = event_outbox.select().where(event_outbox.c.number > self._position)
        async with self._database.reading.connect() as connection:
            rows = await connection.execute(query.order_by(event_outbox.c.number).limit(self.PAGE))
            return [Event(**row._mapping) for row in rows]


Reaction = Callable[[Mapping[str, Any]], Awaitable[None]]
"""What a room does about one event; it must find its own earlier effect, since events may come again."""

REACTION_PAUSES_S = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""After the last of these an event is passed over, so that one bad event does not stop all that come after it."""


async def react(
    tail: EventTail,
    reactions: Mapping[str, Reaction],
    *,
    clock: Clock,
    on_passed_over: Callable[[Event, Exception], None] | None = None,
) -> None:
    """Call the reaction to each event's topic, for ever.

    Args:
        tail: of a reader with a name.
        reactions: topic to what is done about it; other topics are acknowledged unseen.
        clock: paces the retries of ``REACTION_PAUSES_S``.
        on_passed_over: told of an event whose reaction kept failing.
    """
    async with aclosing(tail.events()) as events:
        async for event in events:
            if (reaction := reactions.get(event.topic)) is not None:
                await _react_to(event, reaction, clock, on_passed_over)
            with suppress(DBAPIError):  # then the event comes again after a restart, as it may
                await tail.ack(event)


async def _react_to(
    event: Event, reaction: Reaction, clock: Clock, on_passed_over: Callable[[Event, Exception], None] | None
) -> None:
    for pause_s in (*REACTION_PAUSES_S, None):
        try:
            await reaction(event.payload)
            return
        except Exception as error:
            if pause_s is None:
                log.exception("event passed over", extra={"topic": event.topic, "event": event.id})
                if on_passed_over is not None:
                    on_passed_over(event, error)
                return
            log.warning("reaction tried again", extra={"topic": event.topic, "error": type(error).__name__})
            await clock.sleep(pause_s)


async def forget_events(session: AsyncSession, *, before: datetime) -> int:
    """Remove old events that every reader has acknowledged.

    Returns:
        How many were removed.
    """
    slowest = await session.scalar(select(func.min(event_readers.c.position)))
    statement = delete(event_outbox).where(event_outbox.c.at < before, event_outbox.c.number <= (slowest or 0))
    return int((await session.execute(statement)).rowcount)  # type: ignore[attr-defined]  # a DELETE has one
