import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from seats.call_lists import CallLists, LostLeakCaller, MissedCaller, RatingGiven
from seats.errors import SeatUnknown
from seats.missed_calls import MissedKind
from seats.queue import Lane, LeaveReason, QueueEntry
from seats.routing import Offer
from seats.rules import SeatRules
from seats.seat import SeatState
from seats.services import SeatConfig, SeatServices
from store.database import Database
from store.field_encryption import FieldCipher
from store.queries.seats import SqlSeatQueries
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import FakeClock
from tests.fakes.jobs import RememberedJobs
from vocabulary.clock import SystemClock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.store

CALLER = PhoneNumber.parse("13800001234")
RULES = SeatRules(wrap_up_s=0, poll_s=0.05, sweep_every_s=60, renew_every_s=60)


async def bounded(awaitable):
    """Real time passes here: nothing may take longer than this."""
    async with asyncio.timeout(20):
        return await awaitable


@pytest.fixture
async def services(uow_factory: UnitOfWorkFactory):
    services = SeatServices(uow_factory, SystemClock(), RULES, holder="server-1")
    await services.start([SeatConfig("8001", "001", skills=frozenset({"heat", "gas"}), signed_in=True)])
    yield services
    await services.stop()


async def test_a_waiting_caller_is_offered_the_free_seat_and_the_talk_is_on_the_record(
    services: SeatServices, database: Database
) -> None:
    queries = SqlSeatQueries(database)
    entry = services.entry(new_id(SystemClock()), number=CALLER)
    offer = await bounded(services.wait(entry))
    assert (offer.account, offer.staff_number, offer.attempt) == ("8001", "001", 1)
    (waiting,) = await queries.waiting()
    assert (waiting.state, waiting.number, waiting.place) == ("offered", CALLER.masked, 1)
    await services.answered(offer)
    (seat,) = await queries.seats()
    assert (seat.state, seat.call_id, seat.skills) == ("talking", entry.call_id, ("gas", "heat"))
    assert await queries.waiting() == []
    await services.ended(offer)
    (seat,) = await queries.seats()
    assert (seat.state, seat.state_text, seat.call_id) == ("free", "空闲", None)


async def test_the_callers_number_stands_encrypted(services: SeatServices, database: Database) -> None:
    entry = services.entry(new_id(SystemClock()), number=CALLER)
    await bounded(services.wait(entry))
    async with database.reading.connect() as connection:
        (stored,) = (await connection.exec_driver_sql("SELECT number FROM queue_entry")).one()
    assert CALLER.e164[-8:] not in stored


async def test_an_unknown_seat_is_named(services: SeatServices) -> None:
    with pytest.raises(SeatUnknown):
        await services.sign_in("9999", by="9999")


async def in_the_queue(services: SeatServices, entry: QueueEntry) -> None:
    """Return when the caller's row is written; each look is a transaction, so this does not spin."""
    while await services.position(entry) is None:
        await asyncio.sleep(0)


async def test_leak_callers_are_read_back_with_their_lane(services: SeatServices, database: Database) -> None:
    await services.take_break("8001", by="8001")
    normal = services.entry(new_id(SystemClock()))
    waiting = asyncio.create_task(services.wait(normal))
    await bounded(in_the_queue(services, normal))
    leak = services.entry(new_id(SystemClock()), lane=Lane.LEAK)
    offer = await bounded(services.wait(leak))
    assert offer.taken_from is SeatState.BREAK
    assert [row.lane for row in await SqlSeatQueries(database).waiting()] == ["leak", "normal"]
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)


async def test_a_round_takes_only_seats_that_are_still_as_it_saw_them(
    services: SeatServices, uow_factory: UnitOfWorkFactory
) -> None:
    now = SystemClock().now()
    async with uow_factory() as uow:
        version = (await uow.seats.get("8001")).version
    entry_id = new_id(SystemClock())
    seen = Offer(entry_id, "c", 1, "8001", "001", version, SeatState.FREE, "")
    until = now + timedelta(seconds=30)
    async with uow_factory() as uow:
        assert await uow.seats.reserve([seen], at=now, until=until) == {seen.id}
        await uow.commit()
    async with uow_factory() as uow:
        assert await uow.seats.reserve([seen], at=now, until=until) == set()
        seat = await uow.seats.get("8001")
        assert (seat.state, seat.entry_id, seat.taken_from) == (SeatState.RINGING, entry_id, SeatState.FREE)
        assert (seat.version, seat.until) == (version + 1, until)


async def test_competing_servers_never_offer_one_seat_to_two_callers(
    database: Database, cipher: FieldCipher, phone_keyer: PhoneKeyer, jobs: RememberedJobs
) -> None:
    clock = SystemClock()
    seats = [SeatConfig(f"80{n:02d}", f"{n:03d}", signed_in=True) for n in range(4)]
    databases = [database, Database(database.url, cipher=cipher)]
    servers = [
        SeatServices(
            UnitOfWorkFactory(each, clock=clock, phone_keyer=phone_keyer, job_writer=jobs), clock, RULES, holder=f"s{n}"
        )
        for n, each in enumerate(databases)
    ]
    await servers[0].start(seats)
    await servers[1].start()
    talking: set[str] = set()
    served: Counter[str] = Counter()

    async def caller(server: SeatServices) -> None:
        entry = server.entry(new_id(clock))
        offer = await server.wait(entry)
        assert offer.account not in talking, "offered twice"
        talking.add(offer.account)
        await server.answered(offer)
        await asyncio.sleep(0.005)
        talking.discard(offer.account)
        await server.ended(offer)
        served[offer.account] += 1

    try:
        await bounded(asyncio.gather(*(caller(servers[n % 2]) for n in range(24))))
        assert served.total() == 24
        states = {row.state for row in await SqlSeatQueries(database).seats()}
        assert states == {"free"}
    finally:
        for server in servers:
            await server.stop()
        await databases[1].dispose()


async def test_a_server_that_dies_frees_its_seats_and_its_callers_are_listed_as_missed(
    uow_factory: UnitOfWorkFactory, database: Database, clock: FakeClock
) -> None:
    dead = SeatServices(uow_factory, clock, SeatRules(talk_lease_s=60), holder="dead")
    await dead.start([SeatConfig("8001", "001", signed_in=True)])
    talk = dead.entry(new_id(clock))
    offer = await bounded(dead.wait(talk))
    await dead.answered(offer)
    lost = dead.entry(new_id(clock), number=CALLER)
    waiting = asyncio.create_task(dead.wait(lost))
    queries = SqlSeatQueries(database)
    async with asyncio.timeout(10):
        while not await queries.waiting():
            await asyncio.sleep(0.01)
    await dead.stop()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    clock.advance(61)
    alive = SeatServices(uow_factory, clock, SeatRules(wrap_up_s=0), holder="alive")
    await alive.start()
    (seat,) = await queries.seats()
    assert seat.state == "free"
    assert await queries.waiting() == []
    (missed,) = await queries.missed_calls()
    assert (missed.kind, missed.number, missed.call_id) == ("server_lost", CALLER.masked, lost.call_id)
    await alive.stop()


async def test_missed_calls_are_listed_by_what_is_due_first(
    uow_factory: UnitOfWorkFactory, database: Database, clock: FakeClock
) -> None:
    lists, queries = CallLists(uow_factory, clock), SqlSeatQueries(database)
    await lists.note(MissedCaller("call-1", MissedKind.ABANDONED, CALLER, 12.0))
    await lists.note(MissedCaller("call-2", MissedKind.MESSAGE, None, 0.0, recording="r", case_number="RX1"))
    first, second = await queries.missed_calls()
    assert (first.kind, first.number, first.due_at - first.at) == ("message", "", timedelta(minutes=3))
    assert (second.kind, second.due_at - second.at) == ("abandoned", timedelta(minutes=30))
    await lists.finish_missed(first.id, by="8001", note="已听取")
    assert [row.kind for row in await queries.missed_calls()] == ["abandoned"]
    done = next(row for row in await queries.missed_calls(open_only=False) if row.state == "done")
    assert (done.handled_by, done.note) == ("8001", "已听取")


async def test_a_lost_leak_caller_stands_on_the_rescue_desks_list(
    uow_factory: UnitOfWorkFactory, database: Database, clock: FakeClock
) -> None:
    lists, queries = CallLists(uow_factory, clock), SqlSeatQueries(database)
    await lists.hand_over(LostLeakCaller("call-1", CALLER, "按键1", "rec-1", "RX1"))
    (row,) = await queries.rescue_calls()
    assert (row.number, row.recording, row.case_number) == (CALLER.masked, "rec-1", "RX1")
    called = await lists.call_back(row.id, by="desk")
    assert (called.number, called.calls_back) == (CALLER, 1)
    await lists.close_rescue(row.id, by="desk", note="已到场", reached=True)
    assert await queries.rescue_calls() == []


async def test_a_second_rating_of_a_call_changes_nothing(
    uow_factory: UnitOfWorkFactory, database: Database, clock: FakeClock
) -> None:
    lists = CallLists(uow_factory, clock)
    await lists.given(RatingGiven("call-1", 4, "不满意", 5, "001", None))
    await lists.given(RatingGiven("call-1", 1, "非常满意", 5, "001", None))
    async with database.reading.connect() as connection:
        assert (await connection.exec_driver_sql("SELECT level FROM call_rating")).scalars().all() == [4]


async def test_the_service_level_counts_finished_waits_of_the_span(
    uow_factory: UnitOfWorkFactory, database: Database, clock: FakeClock
) -> None:
    began = clock.now()
    async with uow_factory() as uow:
        for waited_s, reason in ((4, LeaveReason.ANSWERED), (30, LeaveReason.ANSWERED), (9, LeaveReason.HUNG_UP)):
            entry = QueueEntry(new_id(clock), new_id(clock), Lane.NORMAL, began)
            entry.leave(reason, at=began + timedelta(seconds=waited_s))
            uow.queue.add(entry)
        uow.queue.add(QueueEntry(new_id(clock), new_id(clock), Lane.NORMAL, began))
        await uow.commit()
    level = await SqlSeatQueries(database).service_level(began, began + timedelta(hours=1))
    assert (level.asked, level.answered, level.sl, level.sl2) == (3, 2, 0.5, 2 / 3)
    assert (
        await SqlSeatQueries(database).service_level(began + timedelta(hours=1), began + timedelta(hours=2))
    ).asked == 0
