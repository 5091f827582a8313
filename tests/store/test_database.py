"""Durable settings, one writer at a time, and faults that pass."""

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from store import database as database_module
from store.database import Database, is_passing
from store.errors import StoreUnavailable
from store.field_encryption import FieldCipher
from store.tables.metadata import UtcDateTime
from store.unit_of_work import SqlUnitOfWork, UnitOfWorkFactory

pytestmark = pytest.mark.store
only_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
only_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

COUNTS = Table("counter", MetaData(), Column("id", Integer, primary_key=True), Column("value", Integer))


@only_sqlite
@pytest.mark.parametrize("engine", ["writing", "reading", "thread"])
async def test_sqlite_loses_nothing_acknowledged_at_a_power_cut(empty_database: Database, engine: str) -> None:
    if engine == "thread":
        thread_engine = empty_database.sync_engine()
        with thread_engine.connect() as connection:
            found = [
                connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
        thread_engine.dispose()
    else:
        async with getattr(empty_database, engine).connect() as connection:
            found = [
                await connection.scalar(text(f"PRAGMA {name}"))
                for name in ("journal_mode", "synchronous", "foreign_keys")
            ]
    assert found == ["wal", 2, 1]  # 2 is FULL


async def test_read_then_write_by_many_at_once_loses_no_update(empty_database: Database) -> None:
    async with empty_database.writing.begin() as connection:
        await connection.run_sync(COUNTS.metadata.create_all)
        await connection.execute(insert(COUNTS), {"id": 1, "value": 0})

    async def add_one() -> None:
        async with empty_database.writing.begin() as connection:
            value = await connection.scalar(select(COUNTS.c.value).with_for_update())
            await connection.execute(COUNTS.update().values(value=value + 1))

    await asyncio.gather(*(add_one() for _ in range(30)))
    async with empty_database.reading.connect() as connection:
        assert await connection.scalar(select(COUNTS.c.value)) == 30


@only_sqlite
async def test_readers_go_on_while_a_writer_holds_the_lock(empty_database: Database) -> None:
    async with empty_database.writing.begin() as writer:
        await writer.run_sync(COUNTS.metadata.create_all)
    async with empty_database.writing.begin() as writer:
        await writer.execute(insert(COUNTS), {"id": 1, "value": 0})
        async with empty_database.reading.connect() as reader:
            assert await reader.scalar(select(func.count()).select_from(COUNTS)) == 0


@only_sqlite
async def test_a_locked_database_is_waited_for_and_then_reported(
    database: Database, uow_factory: UnitOfWorkFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "BUSY_TIMEOUT_S", 0.02)
    await database.writing.dispose()  # so that new connections take the short time-out
    uow_factory.FIRST_PAUSE_S = 0.0
    other = sqlite3.connect(str(database.sync_url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    tries = 0

    async def use_case(uow: SqlUnitOfWork) -> int:
        nonlocal tries
        tries += 1
        if tries == 8:
            other.execute("ROLLBACK")
        uow.audit.append("li", "test", "x")
        await uow.commit()
        return tries

    with pytest.raises(StoreUnavailable):
        await uow_factory.run(use_case)
    assert tries == uow_factory.ATTEMPTS
    assert await uow_factory.run(use_case) == 8
    other.close()


@only_postgresql
async def test_a_server_that_drops_its_connections_is_asked_again(
    database: Database, uow_factory: UnitOfWorkFactory
) -> None:
    uow_factory.FIRST_PAUSE_S = 0.0
    tries = 0

    async def use_case(uow: SqlUnitOfWork) -> int:
        nonlocal tries
        tries += 1
        backend = await uow.session.scalar(text("SELECT pg_backend_pid()"))
        if tries == 1:
            async with database.reading.connect() as other:
                await other.execute(text("SELECT pg_terminate_backend(:backend)"), {"backend": backend})
        uow.audit.append("li", "test", "x")
        await uow.commit()
        return tries

    assert await uow_factory.run(use_case) == 2


async def test_an_errors_text_carries_no_values(empty_database: Database) -> None:
    async with empty_database.writing.begin() as connection:
        await connection.run_sync(COUNTS.metadata.create_all)
    with pytest.raises(IntegrityError) as refused:
        async with empty_database.writing.begin() as connection:
            await connection.execute(insert(COUNTS), [{"id": 1, "value": 777}, {"id": 1, "value": 777}])
    assert "777" not in str(refused.value)


async def test_readiness_tells_whether_the_database_answers(empty_database: Database, cipher: FieldCipher) -> None:
    assert await empty_database.is_reachable()
    nowhere = Database("postgresql://nobody@127.0.0.1:1/none", cipher=cipher)
    assert not await nowhere.is_reachable()
    await nowhere.dispose()


def test_what_passes_is_told_from_what_does_not() -> None:
    assert is_passing(OperationalError("", {}, sqlite3.OperationalError("database is locked")))
    assert not is_passing(OperationalError("", {}, sqlite3.OperationalError("no such table: x")))
    assert not is_passing(IntegrityError("", {}, sqlite3.IntegrityError("UNIQUE constraint failed: a.b")))
    assert not is_passing(ValueError("x"))


@pytest.mark.parametrize("url", ["mysql://x/y", "sqlite://"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"sqlite|SQLite"):
        Database(url, cipher=FieldCipher({"k": b"k" * 32}))


async def test_moments_come_back_aware_and_in_utc_and_naive_ones_are_refused(empty_database: Database) -> None:
    table = Table("moment", MetaData(), Column("id", Integer, primary_key=True), Column("at", UtcDateTime))
    noon = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=timezone(timedelta(hours=8)))
    async with empty_database.writing.begin() as connection:
        await connection.run_sync(table.create)
        await connection.execute(insert(table), {"id": 1, "at": noon})
        back = await connection.scalar(select(table.c.at).where(table.c.at == noon))
        assert back == noon and back.tzinfo is UTC
    with pytest.raises((DBAPIError, Exception), match="without a time zone"):
        async with empty_database.writing.begin() as connection:
            await connection.execute(insert(table), {"id": 2, "at": noon.replace(tzinfo=None)})
