"""A unit of work commits everything or nothing."""

import asyncio
import sqlite3

import pytest
from sqlalchemy import Column, Integer, String, Table, func, insert, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import registry

from store.database import Database
from store.errors import StoreUnavailable
from store.tables.audit import audit_entries
from store.tables.event_outbox import event_outbox
from store.unit_of_work import SqlUnitOfWork, UnitOfWorkFactory
from tests.fakes.jobs import RememberedJobs
from vocabulary.errors import AlreadyExists, ConcurrentChange

pytestmark = pytest.mark.store


class Kettle:
    def __init__(self, kettle_id: str, heat: int) -> None:
        self.id, self.heat = kettle_id, heat


_registry = registry()
kettles = Table(
    "kettle", _registry.metadata,
    Column("id", String(5), primary_key=True), Column("heat", Integer), Column("version", Integer, nullable=False),
)  # fmt: skip
_registry.map_imperatively(Kettle, kettles, version_id_col=kettles.c.version)


@pytest.fixture
async def kitchen(database: Database) -> None:
    async with database.writing.begin() as connection:
        await connection.run_sync(_registry.metadata.create_all)


async def _count(database: Database, table: Table) -> int:
    async with database.reading.connect() as connection:
        return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


async def test_row_audit_entry_event_and_job_are_committed_together(
    kitchen: None, database: Database, uow_factory: UnitOfWorkFactory, jobs: RememberedJobs
) -> None:
    async with uow_factory() as uow:
        uow.session.add(Kettle("a", 20))
        uow.audit.append("li", "kettle.fill", "kettle a", "tea", {"litres": 1})
        uow.events.append("kettle.filled", {"id": "a"})
        uow.jobs.enqueue("boil", "a", {"id": "a"})
        await uow.commit()
    assert [await _count(database, table) for table in (kettles, audit_entries, event_outbox)] == [1, 1, 1]
    assert [(request.name, request.key) for request in jobs.requests] == [("boil", "a")]


async def test_leaving_without_commit_writes_nothing(
    kitchen: None, database: Database, uow_factory: UnitOfWorkFactory, jobs: RememberedJobs
) -> None:
    async with uow_factory() as uow:
        uow.session.add(Kettle("a", 20))
        await uow.session.flush()
        uow.audit.append("li", "kettle.fill", "kettle a")
        uow.events.append("kettle.filled", {"id": "a"})
        uow.jobs.enqueue("boil", "a", {})
    assert [await _count(database, table) for table in (kettles, audit_entries, event_outbox)] == [0, 0, 0]
    assert jobs.requests == []


async def test_a_stale_version_is_a_concurrent_change(kitchen: None, uow_factory: UnitOfWorkFactory) -> None:
    async with uow_factory() as uow:
        kettle = Kettle("a", 20)
        uow.session.add(kettle)
        await uow.commit()
    async with uow_factory() as uow:
        stale = await uow.session.get_one(Kettle, "a")
    async with uow_factory() as uow:
        (await uow.session.get_one(Kettle, "a")).heat = 30
        await uow.commit()
    with pytest.raises(ConcurrentChange):
        async with uow_factory() as uow:
            uow.session.add(stale)
            stale.heat = 99
            await uow.commit()


async def test_a_second_row_with_the_same_key_is_refused_by_name(kitchen: None, uow_factory: UnitOfWorkFactory) -> None:
    for expected in (None, AlreadyExists):
        async with uow_factory() as uow:
            if expected is None:
                await uow.session.execute(insert(kettles), {"id": "a", "heat": 1, "version": 1})
                await uow.commit()
    with pytest.raises(AlreadyExists):
        async with uow_factory() as uow:
            await uow.session.execute(insert(kettles), {"id": "a", "heat": 1, "version": 1})


async def test_a_lock_that_passes_is_waited_for_by_trying_again(uow_factory: UnitOfWorkFactory) -> None:
    uow_factory.FIRST_PAUSE_S = 0.0
    tries: list[int] = []

    async def use_case(uow: SqlUnitOfWork) -> str:
        tries.append(1)
        if len(tries) < 3:
            raise _locked()
        return "done"

    assert await uow_factory.run(use_case) == "done"
    assert len(tries) == 3


async def test_a_lock_that_stays_is_reported_as_unavailable(uow_factory: UnitOfWorkFactory) -> None:
    uow_factory.FIRST_PAUSE_S = 0.0

    async def use_case(uow: SqlUnitOfWork) -> None:
        raise _locked()

    with pytest.raises(StoreUnavailable):
        await uow_factory.run(use_case)


async def test_units_cancelled_at_any_point_leave_the_store_usable(
    kitchen: None, database: Database, uow_factory: UnitOfWorkFactory
) -> None:
    async def fill(kettle: str) -> None:
        async with uow_factory() as uow:
            uow.session.add(Kettle(kettle, 20))
            uow.events.append("kettle.filled", {"id": kettle})
            await uow.commit()

    for number in range(40):
        task = asyncio.create_task(fill(f"k{number}"))
        for _ in range(number):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    async with asyncio.timeout(5):
        await fill("last")
    assert await _count(database, kettles) == await _count(database, event_outbox)


def _locked() -> OperationalError:
    return OperationalError("UPDATE", {}, sqlite3.OperationalError("database is locked"))
