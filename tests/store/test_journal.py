"""The journal writes in groups, retries what passes, and reports what it could not write."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, func, select, update
from sqlalchemy.exc import OperationalError

from store.database import Database
from store.journal import CAPACITY_ROWS, Entry, Journal, JournalRow

pytestmark = pytest.mark.store

CALLS = Table("jcall", MetaData(), Column("id", String(10), primary_key=True), Column("rings", Integer))


@pytest.fixture
async def lost() -> list[tuple[Entry, Exception]]:
    return []


@pytest.fixture
async def journal(empty_database: Database, lost: list[tuple[Entry, Exception]]) -> AsyncIterator[Journal]:
    async with empty_database.writing.begin() as connection:
        await connection.run_sync(CALLS.metadata.create_all)
    journal = Journal(empty_database, on_lost=lambda entry, error: lost.append((entry, error)))
    journal.start()
    yield journal
    await asyncio.to_thread(journal.stop)


def _row(call: str) -> JournalRow:
    return JournalRow(CALLS, {"id": call, "rings": 0})


async def _count(database: Database) -> int:
    async with database.reading.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(CALLS)) or 0)


async def test_rows_and_changes_are_written_in_their_order(journal: Journal, empty_database: Database) -> None:
    for number in range(120):
        journal.append(_row(f"c{number}"))
    journal.append(lambda connection: connection.execute(update(CALLS).where(CALLS.c.id == "c7").values(rings=3)))
    assert await asyncio.to_thread(journal.flush)
    assert await _count(empty_database) == 120
    async with empty_database.reading.connect() as connection:
        assert await connection.scalar(select(CALLS.c.rings).where(CALLS.c.id == "c7")) == 3
    assert (journal.written, journal.lost) == (121, 0)


async def test_what_is_left_is_written_at_stop(journal: Journal, empty_database: Database) -> None:
    journal.append(_row("last"))
    assert await asyncio.to_thread(journal.stop)
    assert await _count(empty_database) == 1


async def test_one_bad_row_is_reported_and_its_neighbours_are_kept(
    journal: Journal, empty_database: Database, lost: list[tuple[Entry, Exception]]
) -> None:
    bad = _row("a")
    for entry in (_row("a"), bad, _row("b")):
        journal.append(entry)
    await asyncio.to_thread(journal.flush)
    assert await _count(empty_database) == 2
    assert [entry for entry, _ in lost] == [bad]
    assert journal.lost == 1


async def test_a_lock_that_passes_loses_nothing(
    journal: Journal, empty_database: Database, lost: list[tuple[Entry, Exception]]
) -> None:
    tries: list[int] = []

    def locked_twice(connection: object) -> None:
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))

    journal.append(_row("a"))
    journal.append(locked_twice)
    await asyncio.to_thread(journal.flush)
    assert (len(tries), await _count(empty_database), lost) == (3, 1, [])


async def test_a_full_journal_reports_instead_of_stopping_a_call(empty_database: Database) -> None:
    lost: list[Entry] = []
    journal = Journal(empty_database, on_lost=lambda entry, error: lost.append(entry))  # its thread never starts
    for number in range(CAPACITY_ROWS + 2):
        journal.append(_row(str(number)))
    assert (len(lost), journal.waiting) == (2, CAPACITY_ROWS)
