"""A floor of seats shared by two servers: one store, one clock, callers whose waits a test can look at."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from seats.queue import QueueEntry
from seats.routing import Offer
from seats.rules import SeatRules
from seats.services import SeatConfig, SeatServices
from tests.fakes.clock import FakeClock
from tests.fakes.seats_store import SeatsStore


class Floor:
    """Two servers' services over one store and one clock."""

    def __init__(self, rules: SeatRules) -> None:
        self.clock = FakeClock()
        self.store = SeatsStore()
        self.here = SeatServices(self.store, self.clock, rules, holder="here")
        self.there = SeatServices(self.store, self.clock, rules, holder="there")

    def seat(self, account: str = "8001") -> Any:
        return self.store.tables["seats"][account]

    def row(self, entry: QueueEntry) -> Any:
        return self.store.tables["queue"][entry.id]

    def caller(self, name: str, services: SeatServices | None = None, **more: Any) -> "Caller":
        services = services or self.here
        entry = services.entry(f"call-{name}", **more)
        return Caller(services, entry, asyncio.create_task(services.wait(entry)))


class Caller:
    def __init__(self, services: SeatServices, entry: QueueEntry, wait: "asyncio.Task[Offer]") -> None:
        self.services = services
        self.entry = entry
        self.wait = wait

    @property
    def offered(self) -> str | None:
        return self.wait.result().account if self.wait.done() and not self.wait.cancelled() else None

    def wait_again(self) -> None:
        self.wait = asyncio.create_task(self.services.wait(self.entry))


@asynccontextmanager
async def floor(*accounts: str, **rules: Any) -> AsyncIterator[Floor]:
    floor = Floor(SeatRules(**rules))
    await floor.here.start([SeatConfig(account, account[-3:], signed_in=True) for account in accounts])
    await floor.there.start()
    try:
        yield floor
    finally:
        await floor.here.stop()
        await floor.there.stop()
