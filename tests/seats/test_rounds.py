import asyncio
from collections import Counter
from typing import Any

import pytest

from seats.rules import SeatRules
from seats.services import SeatConfig, SeatServices
from store.errors import StoreUnavailable
from tests.fakes.clock import FakeClock
from tests.fakes.seats_store import FakeSeatsUnitOfWork, SeatsStore

pytestmark = pytest.mark.unit


class SlowStore(SeatsStore):
    """Lets other tasks in before each commit, so that rounds of two servers really compete; can be away."""

    def __init__(self) -> None:
        super().__init__()
        self.away = False

    def __call__(self) -> FakeSeatsUnitOfWork:
        store = self

        class SlowUnitOfWork(FakeSeatsUnitOfWork):
            async def commit(self) -> None:
                for _ in range(3):
                    await asyncio.sleep(0)
                if store.away:
                    raise StoreUnavailable("away")
                await super().commit()

        return SlowUnitOfWork(self)


async def test_two_servers_that_round_at_the_same_time_never_share_a_seat() -> None:
    clock, store = FakeClock(), SlowStore()
    servers = [SeatServices(store, clock, SeatRules(wrap_up_s=0), holder=f"s{n}") for n in range(2)]
    await servers[0].start([SeatConfig(f"800{n}", "1", signed_in=True) for n in range(3)])
    await servers[1].start()
    talking: set[str] = set()
    served: Counter[str] = Counter()

    async def caller(server: SeatServices, n: int) -> None:
        entry = server.entry(f"call-{n}")
        offer = await server.wait(entry)
        assert offer.account not in talking
        talking.add(offer.account)
        await server.answered(offer)
        await clock.sleep(2)
        talking.discard(offer.account)
        await server.ended(offer)
        served[offer.account] += 1

    callers = [asyncio.create_task(caller(servers[n % 2], n)) for n in range(30)]
    await clock.run_for(60)
    await asyncio.gather(*callers)
    assert served.total() == 30
    for server in servers:
        await server.stop()


async def test_a_store_that_is_away_stops_nothing_for_good() -> None:
    clock, store = FakeClock(), SlowStore()
    services = SeatServices(store, clock, SeatRules(), holder="s")
    await services.start([SeatConfig("8001", "1", signed_in=True)])
    store.away = True
    wait = asyncio.create_task(services.wait(services.entry("call")))
    await clock.run_for(10)
    assert not wait.done()
    store.away = False
    await clock.run_for(2)
    assert wait.result().account == "8001"
    await services.stop()


async def test_nothing_is_read_while_nobody_waits() -> None:
    clock, store = FakeClock(), SeatsStore()
    reads: list[Any] = []
    original = store.run

    async def counted(use_case: Any) -> Any:
        reads.append(use_case)
        return await original(use_case)

    store.run = counted  # type: ignore[method-assign]
    services = SeatServices(store, clock, SeatRules(sweep_every_s=100, renew_every_s=20), holder="s")
    await services.start()
    reads.clear()
    await clock.run_for(99)
    assert reads == []
    await services.stop()


async def test_an_offer_committed_after_the_caller_left_is_given_back() -> None:
    clock, store = FakeClock(), SlowStore()
    services = SeatServices(store, clock, SeatRules(), holder="s")
    await services.start([SeatConfig("8001", "1", signed_in=True)])
    wait = asyncio.create_task(services.wait(services.entry("call")))
    for _ in range(4):  # the round has begun and has not committed
        await asyncio.sleep(0)
    wait.cancel()
    await clock.run_for(0)
    assert [event for _, event, _ in store.seat_events] == ["withdrawn"]
    assert store.tables["seats"]["8001"].state.value == "free"
    await services.stop()
