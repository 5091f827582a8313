"""Events leave with their commit, in order, and come again until they are acknowledged."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from store.database import Database
from store.event_outbox import REACTION_PAUSES_S, Event, EventTail, forget_events, react
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import FakeClock
from vocabulary.clock import SystemClock

pytestmark = pytest.mark.store


async def _tell(units: UnitOfWorkFactory, *topics: str) -> None:
    async with units() as uow:
        for topic in topics:
            uow.events.append(topic, {"about": topic})
        await uow.commit()


async def _take(events: AsyncIterator[Event], count: int) -> list[Event]:
    async with asyncio.timeout(10):
        return [await anext(events) for _ in range(count)]


def _tail(database: Database, reader: str | None = "desk") -> EventTail:
    return EventTail(database, reader, clock=SystemClock())


async def test_events_come_in_order_and_a_waiting_reader_is_woken(
    database: Database, uow_factory: UnitOfWorkFactory
) -> None:
    await _tell(uow_factory, "a", "b")
    async with aclosing(_tail(database).events()) as events:
        assert [event.topic for event in await _take(events, 2)] == ["a", "b"]
        third = asyncio.create_task(_take(events, 1))
        await asyncio.sleep(0)
        await _tell(uow_factory, "c")
        assert (await third)[0].payload == {"about": "c"}


async def test_a_new_start_begins_after_what_was_acknowledged(
    database: Database, uow_factory: UnitOfWorkFactory
) -> None:
    await _tell(uow_factory, "a", "b", "c")
    tail = _tail(database)
    async with aclosing(tail.events()) as events:
        a, b = await _take(events, 2)
        await tail.ack(a)
    async with aclosing(_tail(database).events()) as events:
        assert (await _take(events, 1))[0].id == b.id


async def test_readers_do_not_take_events_from_each_other(database: Database, uow_factory: UnitOfWorkFactory) -> None:
    await _tell(uow_factory, "a")
    for reader in ("desk", "wallboard"):
        tail = _tail(database, reader)
        async with aclosing(tail.events()) as events:
            (event,) = await _take(events, 1)
            await tail.ack(event)
            assert event.topic == "a"


async def test_a_reader_without_a_name_sees_only_what_comes(database: Database, uow_factory: UnitOfWorkFactory) -> None:
    await _tell(uow_factory, "old")
    tail = _tail(database, None)
    await tail.begin()
    await _tell(uow_factory, "new")
    async with aclosing(tail.events()) as events:
        assert (await _take(events, 1))[0].topic == "new"


async def test_writers_side_by_side_lose_no_event(database: Database, uow_factory: UnitOfWorkFactory) -> None:
    async with aclosing(_tail(database).events()) as events:
        taking = asyncio.create_task(_take(events, 20))
        await asyncio.gather(*(_tell(uow_factory, f"t{number}") for number in range(20)))
        assert {event.topic for event in await taking} == {f"t{number}" for number in range(20)}


async def test_an_effect_acknowledged_in_its_own_transaction_is_undone_together(
    database: Database, uow_factory: UnitOfWorkFactory
) -> None:
    await _tell(uow_factory, "a")
    tail = _tail(database)
    async with aclosing(tail.events()) as events:
        (event,) = await _take(events, 1)
        async with uow_factory() as uow:
            await tail.ack_within(uow.session, event)  # no commit
    async with aclosing(_tail(database).events()) as events:
        assert (await _take(events, 1))[0].id == event.id


async def test_a_reaction_that_keeps_failing_is_passed_over_and_the_next_is_called(
    database: Database, uow_factory: UnitOfWorkFactory, clock: FakeClock
) -> None:
    await _tell(uow_factory, "bad", "good", "unheard")
    tries: list[str] = []
    passed_over: list[str] = []
    good = asyncio.Event()

    async def fail(payload: Mapping[str, Any]) -> None:
        tries.append("bad")
        raise ValueError("never works")

    async def note(payload: Mapping[str, Any]) -> None:
        good.set()

    reacting = asyncio.create_task(
        react(
            _tail(database),
            {"bad": fail, "good": note},
            clock=clock,
            on_passed_over=lambda event, error: passed_over.append(event.topic),
        )
    )
    async with asyncio.timeout(10):
        while not good.is_set():
            await asyncio.sleep(0.01)
            clock.advance(60)
    reacting.cancel()
    await asyncio.wait([reacting])
    assert len(tries) == len(REACTION_PAUSES_S) + 1
    assert passed_over == ["bad"]


async def test_old_events_are_forgotten_only_when_every_reader_has_them(
    database: Database, uow_factory: UnitOfWorkFactory, clock: FakeClock
) -> None:
    await _tell(uow_factory, "a", "b")
    tail, slow = _tail(database), _tail(database, "slow")
    async with aclosing(tail.events()) as events:
        a, b = await _take(events, 2)
        await tail.ack(b)
        await slow.ack(a)
    async with AsyncSession(database.writing) as session, session.begin():
        assert await forget_events(session, before=clock.now() + timedelta(days=1)) == 1
