"""The audit trail: whoever edits, removes, adds or moves a record is found by its number."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from store.audit import FIRST_HASH, AuditEntry, first_false, last_seal, seal, verify
from store.database import Database
from store.tables.audit import audit_entries
from store.unit_of_work import UnitOfWorkFactory

NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)


def _trail(length: int) -> list[AuditEntry]:
    entries: list[AuditEntry] = []
    for number in range(1, length + 1):
        previous = entries[-1].hash if entries else FIRST_HASH
        entry = AuditEntry(
            number,
            NOON + timedelta(minutes=number),
            "li",
            "case.move",
            f"case {number}",
            "因为",
            {"n": number},
            previous,
        )
        entries.append(replace(entry, hash=seal(entry)))
    return entries


@pytest.mark.unit
@given(st.integers(0, 8))
def test_a_trail_as_it_was_written_holds(length: int) -> None:
    assert first_false(_trail(length)) is None


@pytest.mark.unit
@given(st.data())
def test_the_first_false_record_is_named(data: st.DataObject) -> None:
    trail = _trail(6)
    at = data.draw(st.integers(0, 4))
    match data.draw(st.sampled_from(["edit", "edit and seal again", "remove", "swap"])):
        case "edit":
            trail[at] = replace(trail[at], reason="别的")
            first = at + 1
        case "edit and seal again":
            edited = replace(trail[at], actor="wang")
            trail[at] = replace(edited, hash=seal(edited))
            first = at + 2
        case "remove":
            del trail[at]
            first = at + 1
        case _:
            trail[at], trail[at + 1] = trail[at + 1], trail[at]
            first = at + 1
    false = first_false(trail)
    assert false is not None
    assert false.number == first


@pytest.mark.store
async def test_entries_of_units_side_by_side_make_one_chain(database: Database, uow_factory: UnitOfWorkFactory) -> None:
    async def act(number: int) -> None:
        async with uow_factory() as uow:
            for part in range(2):
                uow.audit.append("li", "case.move", f"case {number}", "", {"part": part})
            await uow.commit()

    await asyncio.gather(*(act(number) for number in range(8)))
    async with AsyncSession(database.reading) as session:
        assert await verify(session) is None
        assert (await last_seal(session))[0] == 16


@pytest.mark.store
async def test_an_edited_row_is_named(database: Database, uow_factory: UnitOfWorkFactory) -> None:
    async with uow_factory() as uow:
        for number in range(5):
            uow.audit.append("li", "case.move", f"case {number}")
        await uow.commit()
    async with database.writing.begin() as connection:
        await connection.execute(update(audit_entries).where(audit_entries.c.number == 3).values(actor="wang"))
    async with AsyncSession(database.reading) as session:
        false = await verify(session)
    assert false is not None
    assert (false.number, false.reason) == (3, "its content is not what was sealed")


@pytest.mark.store
async def test_a_removed_row_is_named(database: Database, uow_factory: UnitOfWorkFactory) -> None:
    async with uow_factory() as uow:
        for number in range(5):
            uow.audit.append("li", "case.move", f"case {number}")
        await uow.commit()
    async with database.writing.begin() as connection:
        await connection.execute(delete(audit_entries).where(audit_entries.c.number == 2))
    async with AsyncSession(database.reading) as session:
        false = await verify(session)
    assert false is not None
    assert false.number == 2
