"""One database, embedded (SQLite) or beyond (PostgreSQL): its engines, and how each connection is set up.

SQLite: WAL, foreign keys, ``synchronous=FULL`` (NORMAL loses committed transactions at a power cut) and
``BEGIN IMMEDIATE`` for every writing transaction, since a deferred one that reads first fails with "database is
locked" no time-out can mend. One connection writes in a process; others of this machine wait for it.
"""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from store.field_encryption import FieldCipher

BUSY_TIMEOUT_S = 10.0
"""How long SQLite waits for another process's write; a group commit takes a few milliseconds."""

POOL_SIZE = 10
"""PostgreSQL connections of one process for its units of work, and as many again for its reads."""


class Database:
    """The engines of one database in one process, one event loop.

    Args:
        url: ``sqlite:///path/to/file`` or ``postgresql://user:password@host/name``; drivers are chosen here.
        cipher: opens and closes the encrypted columns of every engine.
    Raises:
        ValueError: neither SQLite with a file nor PostgreSQL.
    """

    def __init__(self, url: str | URL, *, cipher: FieldCipher) -> None:
        given = make_url(url)
        self.is_sqlite = given.get_backend_name() == "sqlite"
        if self.is_sqlite and not given.database:
            raise ValueError("SQLite needs a file: several connections share it")
        if not self.is_sqlite and given.get_backend_name() != "postgresql":
            raise ValueError(f"{given.get_backend_name()} is neither sqlite nor postgresql")
        self._cipher = cipher
        self.sync_url = given.set(drivername="sqlite+pysqlite" if self.is_sqlite else "postgresql+psycopg")
        self.async_url = given.set(drivername="sqlite+aiosqlite" if self.is_sqlite else "postgresql+psycopg")
        if self.is_sqlite:
            Path(str(given.database)).parent.mkdir(parents=True, exist_ok=True)
        self.writing = self._async_engine(writes=True)
        self.reading = self._async_engine(writes=False)

    @property
    def url(self) -> str:
        """The address with its password, for processes started by this one."""
        return self.sync_url.render_as_string(hide_password=False)

    def sync_engine(self, *, durable: bool = True, pool_size: int = 1, writes: bool = True) -> Engine:
        """A synchronous engine for a thread of its own; the caller disposes of it.

        Args:
            durable: False sets ``synchronous=NORMAL`` on SQLite, for statistics only.
            pool_size: connections kept, and the most there can be.
            writes: whether each transaction takes the write lock at its beginning (SQLite).
        """
        engine = create_engine(
            self.sync_url,
            pool_size=pool_size,
            max_overflow=0,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,
        )
        self._set_up(engine, writes=writes, durable=durable)
        return engine

    async def is_reachable(self) -> bool:
        """Whether a reader is answered within 2 s; for ``/readyz``."""
        try:
            async with asyncio.timeout(2), self.reading.connect() as connection:
                await connection.execute(text("SELECT 1"))
        except (SQLAlchemyError, OSError, TimeoutError):
            return False
        return True

    async def dispose(self) -> None:
        """Close every connection."""
        await self.writing.dispose()
        await self.reading.dispose()

    def _async_engine(self, *, writes: bool) -> AsyncEngine:
        size = POOL_SIZE
        if self.is_sqlite:
            size = 1 if writes else 4
        engine = create_async_engine(
            self.async_url,
            pool_size=size,
            max_overflow=0,
            pool_timeout=BUSY_TIMEOUT_S * 3,
            pool_pre_ping=not self.is_sqlite,
            hide_parameters=True,  # an error's text must not carry a name or a number into a log
        )
        self._set_up(engine.sync_engine, writes=writes, durable=True)
        return engine

    def _set_up(self, engine: Engine, *, writes: bool, durable: bool) -> None:
        engine.dialect.field_cipher = self._cipher  # type: ignore[attr-defined]  # read by EncryptedText
        if self.is_sqlite:
            set_up_sqlite(engine, writes=writes, durable=durable)


def set_up_sqlite(engine: Engine, *, writes: bool, durable: bool = True) -> None:
    """Give every connection of an SQLite engine the settings of the house.

    Args:
        engine: pysqlite, or the synchronous side of aiosqlite.
        writes: begin with IMMEDIATE, else deferred.
        durable: ``synchronous=FULL``, else NORMAL.
    """

    @event.listens_for(engine, "connect")
    def connected(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # the driver must not begin by itself: we say BEGIN below
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={int(BUSY_TIMEOUT_S * 1000)}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def is_passing(error: BaseException) -> bool:
    """Whether trying the whole transaction again may help: a lock, a deadlock, a lost connection.

    Args:
        error: what SQLAlchemy raised; its ``orig`` is the driver's.
    """
    origin = getattr(error, "orig", None)
    if getattr(error, "connection_invalidated", False):
        return True
    if isinstance(origin, sqlite3.OperationalError):
        return any(word in str(origin) for word in ("locked", "busy", "unable to open", "disk I/O"))
    state = str(getattr(origin, "sqlstate", None) or "")
    # Class 08 connection, 40 rollback (serialization, deadlock), 53 resources, 57P0x shutdown; none: never connected.
    return (
        origin is not None
        and type(origin).__module__.startswith("psycopg")
        and (
            state[:2] in {"08", "40", "53"}
            or state[:4] == "57P0"
            or (not state and type(origin).__name__ == "OperationalError")
        )
    )
