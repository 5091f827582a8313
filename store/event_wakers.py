"""How a reader of events learns that something was committed, without asking the tables again and again."""

import asyncio
import sqlite3
from contextlib import suppress

import psycopg

from store.database import Database
from vocabulary.clock import Clock

CHANNEL = "nuanxian_events"
"""The channel of PostgreSQL's NOTIFY."""


class DataVersionWaker:
    """SQLite: a number that changes when any other connection commits; reading it costs some microseconds.

    Args:
        database: an SQLite file.
        clock: paces the looking.
    """

    LOOK_EVERY_S = 0.2

    def __init__(self, database: Database, clock: Clock) -> None:
        self._path = str(database.sync_url.database)
        self._clock = clock
        self._connection: sqlite3.Connection | None = None
        self._seen = -1

    async def arm(self) -> None:
        """From here on a commit is noticed."""
        self._seen = self._version()

    async def wait(self) -> None:
        """Return when something was committed since ``arm``."""
        while self._version() == self._seen:
            await self._clock.sleep(self.LOOK_EVERY_S)

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _version(self) -> int:
        if self._connection is None:
            self._connection = sqlite3.connect(self._path, isolation_level=None)
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.OperationalError:  # busy for a moment: look into the tables instead
            return -2


class NotifyWaker:
    """PostgreSQL: LISTEN on a connection of its own; a lost one is made anew.

    Args:
        database: on PostgreSQL.
    """

    LOOK_ANYHOW_S = 5.0
    """A notification lost with its connection delays an event by this at most."""

    def __init__(self, database: Database) -> None:
        self._address = database.sync_url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.AsyncConnection | None = None

    async def arm(self) -> None:
        """From here on a commit is noticed; while the server cannot be reached, ``wait`` only passes time."""
        if self._connection is not None and not self._connection.closed:
            return
        with suppress(psycopg.OperationalError):
            self._connection = await psycopg.AsyncConnection.connect(self._address, autocommit=True)
            await self._connection.execute(f"LISTEN {CHANNEL}")

    async def wait(self) -> None:
        """Return when something was committed since ``arm``, or after a while."""
        if self._connection is None or self._connection.closed:
            await asyncio.sleep(self.LOOK_ANYHOW_S / 5)
            return
        with suppress(psycopg.OperationalError):
            async for _ in self._connection.notifies(timeout=self.LOOK_ANYHOW_S, stop_after=1):
                return

    async def close(self) -> None:
        """Give the connection back."""
        if self._connection is not None:
            await self._connection.close()
            self._connection = None
