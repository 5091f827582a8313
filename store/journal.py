"""The journal: rows that a call leaves behind, written by one thread in groups, so that no call waits for a disk.

Rows are put in from any thread and become durable within about 20 ms; a crash of the process loses what it had not
written yet, which is why reservations, cases and messages never go this way.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from sqlalchemy import Connection, Engine, Table, insert

from store.database import Database, is_passing

log = logging.getLogger(__name__)

GROUP_S = 0.02
GROUP_ROWS = 50
"""Design §3: groups of at most 20 ms or 50 rows; one synchronous transaction costs 0.8 ms of CPU."""
CAPACITY_ROWS = 20_000
"""At 30 calls a second and 7 rows a call: a database away for a minute and a half."""
RETRY_PAUSES_S = (0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0)


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One row to insert."""

    table: Table
    values: Mapping[str, Any]


Write = Callable[[Connection], object]
"""Anything else to do in the group's transaction, e.g. an update; quick, and free of effects outside."""
Entry = JournalRow | Write
OnLost = Callable[[Entry, Exception], None]


class JournalFull(Exception):
    """The database is away for so long that the journal cannot hold more."""


class Journal:
    """One thread with a synchronous engine.

    Args:
        database: where rows go.
        on_lost: told, in the journal's thread, of each entry that could not be written.

    Attributes:
        written, lost: entries so far.
    """

    def __init__(self, database: Database, *, on_lost: OnLost | None = None) -> None:
        self._database = database
        self._on_lost = on_lost
        self._entries: queue.Queue[Entry | threading.Event] = queue.Queue(CAPACITY_ROWS)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self.written = 0
        self.lost = 0

    @property
    def waiting(self) -> int:
        """Entries not written yet."""
        return self._entries.qsize()

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(self, entry: Entry) -> None:
        """Put one entry in; never waits. A full journal reports the entry as lost."""
        try:
            self._entries.put_nowait(entry)
        except queue.Full:
            self._report(entry, JournalFull("the journal is full"))

    def flush(self, within_s: float = 10.0) -> bool:
        """Wait until everything put in before is written or lost; blocks, so call it from a thread.

        Returns:
            False if that took longer than ``within_s``.
        """
        if self._thread is None or not self._thread.is_alive():
            return self._entries.empty()
        reached = threading.Event()
        self._entries.put(reached)
        return reached.wait(within_s)

    def stop(self, within_s: float = 10.0) -> bool:
        """Write what is left and end the thread; blocks.

        Returns:
            False if that took longer than ``within_s``.
        """
        flushed = self.flush(within_s)
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(within_s)
        return flushed

    def _run(self) -> None:
        engine = self._database.sync_engine()
        while not self._stopping.is_set():
            group = self._next_group()
            entries = [entry for entry in group if not isinstance(entry, threading.Event)]
            if entries:
                self._write(engine, entries)
            for mark in group:
                if isinstance(mark, threading.Event):
                    mark.set()
        engine.dispose()

    def _next_group(self) -> list[Entry | threading.Event]:
        try:
            group = [self._entries.get(timeout=0.2)]
        except queue.Empty:
            return []
        self._stopping.wait(GROUP_S)  # let the group fill
        while len(group) < GROUP_ROWS:
            try:
                group.append(self._entries.get_nowait())
            except queue.Empty:
                break
        return group

    def _write(self, engine: Engine, entries: list[Entry]) -> None:
        for pause_s in (*RETRY_PAUSES_S, None):
            try:
                with engine.begin() as connection:
                    _execute(connection, entries)
                self.written += len(entries)
                return
            except Exception as error:  # noqa: BLE001 an entry is a caller's code; the thread must live on
                if is_passing(error) and pause_s is not None and not self._stopping.is_set():
                    log.warning("journal group tried again", extra={"rows": len(entries)})
                    self._stopping.wait(pause_s)
                elif len(entries) == 1 or is_passing(error):
                    for entry in entries:
                        self._report(entry, error)
                    return
                else:
                    break
        for entry in entries:  # one of them is bad: find it, keep the others
            self._write(engine, [entry])

    def _report(self, entry: Entry, error: Exception) -> None:
        self.lost += 1
        what = entry.table.name if isinstance(entry, JournalRow) else "change"
        log.error("journal entry lost", extra={"entry": what, "error": type(error).__name__})
        if self._on_lost is not None:
            self._on_lost(entry, error)


def _execute(connection: Connection, entries: Iterable[Entry]) -> None:
    """Carry the entries out in their order; neighbours of one table and shape go together."""
    for shape, group in groupby(entries, _shape):
        if shape is None:
            for entry in group:
                assert not isinstance(entry, JournalRow)
                entry(connection)
        else:
            table, _ = shape
            rows = [dict(entry.values) for entry in group if isinstance(entry, JournalRow)]
            connection.execute(insert(table), rows)


def _shape(entry: Entry) -> tuple[Table, tuple[str, ...]] | None:
    return (entry.table, tuple(entry.values)) if isinstance(entry, JournalRow) else None
