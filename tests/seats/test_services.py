import asyncio

import pytest

from seats.errors import OfferLapsed
from seats.queue import Lane, LeaveReason
from tests.fakes.seat_floor import floor

pytestmark = pytest.mark.unit


async def test_a_caller_is_offered_the_free_seat_in_one_transaction() -> None:
    async with floor("8001") as f:
        before = f.store.commits
        caller = f.caller("a")
        await f.clock.run_for(0)
        assert caller.offered == "8001"
        assert f.store.commits == before + 1
        assert f.seat().state.value == "ringing"


async def test_many_arrivals_are_served_in_one_round() -> None:
    async with floor(*[f"80{n:02d}" for n in range(20)]) as f:
        before = f.store.commits
        callers = [f.caller(str(n)) for n in range(20)]
        await f.clock.run_for(0)
        assert len({caller.offered for caller in callers}) == 20
        assert f.store.commits == before + 1


async def test_a_freed_seat_wakes_the_caller_who_came_first() -> None:
    async with floor("8001", wrap_up_s=0) as f:
        first = f.caller("a")
        await f.clock.run_for(1)
        second, third = f.caller("b"), None
        await f.clock.run_for(1)
        third = f.caller("c")
        await f.here.answered(first.wait.result())
        await f.clock.run_for(5)
        assert second.offered is None
        await f.here.ended(first.wait.result())
        await f.clock.run_for(0)
        assert second.offered == "8001"
        assert third.offered is None
        third.wait.cancel()


async def test_the_order_holds_between_two_servers() -> None:
    async with floor("8001", wrap_up_s=0) as f:
        first = f.caller("a", f.here)
        await f.clock.run_for(1)
        second = f.caller("b", f.there)
        await f.clock.run_for(1)
        third = f.caller("c", f.here)
        await f.clock.run_for(1)
        await f.here.withdrawn(first.wait.result())
        await f.here.leave(first.entry, LeaveReason.HUNG_UP)
        await f.clock.run_for(1.1)
        assert second.offered == "8001"
        assert third.offered is None
        third.wait.cancel()


async def test_a_refusal_keeps_the_callers_place_and_offers_the_seat_to_the_next() -> None:
    async with floor("8001", refusal_rest_s=30) as f:
        first = f.caller("a")
        await f.clock.run_for(1)
        second = f.caller("b")
        await f.clock.run_for(1)
        assert (first.offered, second.offered) == ("8001", None)
        await f.here.refused(first.wait.result())
        first.wait_again()
        await f.clock.run_for(1)
        assert (first.offered, second.offered) == (None, "8001")
        assert f.row(first.entry).entered_at == first.entry.entered_at
        await f.here.withdrawn(second.wait.result())
        await f.here.leave(second.entry, LeaveReason.HUNG_UP)
        await f.clock.run_for(35)
        assert first.offered == "8001"


async def test_a_missed_call_puts_the_seat_on_break_until_the_staff_come_back() -> None:
    async with floor("8001") as f:
        caller = f.caller("a")
        await f.clock.run_for(0)
        await f.here.no_answer(caller.wait.result())
        caller.wait_again()
        await f.clock.run_for(120)
        assert caller.offered is None
        assert (f.seat().state.value, f.seat().reason) == ("break", "振铃未接")
        await f.here.become_free("8001", by="8001")
        await f.clock.run_for(0)
        assert caller.offered == "8001"


async def test_a_seat_without_a_phone_is_signed_out() -> None:
    async with floor("8001") as f:
        caller = f.caller("a")
        await f.clock.run_for(0)
        await f.here.unreachable(caller.wait.result())
        assert (f.seat().state.value, f.seat().reason) == ("offline", "话机未注册")


async def test_wrap_up_ends_by_itself_and_wakes_who_waits() -> None:
    async with floor("8001", wrap_up_s=20) as f:
        first = f.caller("a")
        await f.clock.run_for(0)
        await f.here.answered(first.wait.result())
        second = f.caller("b")
        await f.clock.run_for(30)
        await f.here.ended(first.wait.result())
        await f.clock.run_for(19)
        assert (f.seat().state.value, second.offered) == ("wrap_up", None)
        await f.clock.run_for(1.5)
        assert second.offered == "8001"


async def test_a_cancelled_wait_keeps_the_place_but_is_offered_nothing() -> None:
    async with floor("8001") as f:
        await f.here.take_break("8001", by="8001")
        first = f.caller("a")
        await f.clock.run_for(1)
        second = f.caller("b")
        await f.clock.run_for(1)
        first.wait.cancel()
        await f.here.pause(first.entry)
        await f.here.become_free("8001", by="8001")
        await f.clock.run_for(1)
        assert second.offered == "8001"
        assert await f.here.position(first.entry) == 1
        await f.here.withdrawn(second.wait.result())
        await f.here.leave(second.entry, LeaveReason.HUNG_UP)
        first.wait_again()
        await f.clock.run_for(0)
        assert first.offered == "8001"


async def test_an_offer_that_crosses_with_the_cancellation_is_given_back() -> None:
    async with floor("8001") as f:
        caller = f.caller("a")
        while f.seat().state.value != "ringing":
            await asyncio.sleep(0)
        caller.wait.cancel()
        await f.clock.run_for(0)
        assert f.seat().state.value == "free"


async def test_an_answer_after_the_lease_is_refused() -> None:
    async with floor("8001", ring_s=15, offer_lease_margin_s=15) as f:
        caller = f.caller("a")
        await f.clock.run_for(0)
        await f.clock.run_for(36)
        assert f.seat().state.value == "free"
        with pytest.raises(OfferLapsed):
            await f.here.answered(caller.wait.result())


async def test_a_dead_servers_talk_ends_by_its_lease_and_its_callers_are_listed() -> None:
    async with floor("8001", talk_lease_s=60, wrap_up_s=0) as f:
        talking = f.caller("a")
        await f.clock.run_for(1)
        waiting = f.caller("b")
        await f.clock.run_for(1)
        await f.here.answered(talking.wait.result())
        await f.here.stop()
        await f.clock.run_for(70)
        assert f.seat().state.value == "free"
        assert f.row(waiting.entry).state.value == "lost"
        assert [missed.kind.value for missed in f.store.tables["missed_calls"].values()] == ["server_lost"]
        waiting.wait.cancel()


async def test_a_long_talk_and_a_long_wait_are_renewed() -> None:
    async with floor("8001", talk_lease_s=60, renew_every_s=20) as f:
        talking = f.caller("a")
        await f.clock.run_for(1)
        waiting = f.caller("b")
        await f.clock.run_for(1)
        await f.here.answered(talking.wait.result())
        await f.clock.run_for(600)
        assert f.seat().state.value == "talking"
        assert f.row(waiting.entry).state.value == "waiting"
        waiting.wait.cancel()


async def test_leaving_before_any_round_still_counts_the_wait() -> None:
    async with floor() as f:
        entry = f.here.entry("call-a")
        wait = asyncio.create_task(f.here.wait(entry))
        await asyncio.sleep(0)
        wait.cancel()
        await f.here.leave(entry, LeaveReason.HUNG_UP)
        await f.here.leave(entry, LeaveReason.TIMED_OUT)
        await f.clock.run_for(1)
        assert f.row(entry).left_reason == "来电人挂断"
        assert entry.left_reason == "来电人挂断"


async def test_a_leak_caller_takes_the_seat_on_break_before_who_waits() -> None:
    async with floor("8001") as f:
        await f.here.take_break("8001", by="8001")
        normal = f.caller("a")
        await f.clock.run_for(5)
        leak = f.caller("b", lane=Lane.LEAK)
        await f.clock.run_for(0)
        assert (leak.offered, normal.offered) == ("8001", None)
        normal.wait.cancel()


async def test_the_outlook_tells_who_works_and_who_waits() -> None:
    async with floor("8001", "8002", "8003", max_waiting=1) as f:
        await f.here.take_break("8002", by="8002")
        await f.here.sign_out("8003", by="8003")
        outlook = await f.here.outlook()
        assert (outlook.signed_in, outlook.serving, outlook.free, outlook.over_limit) == (2, 1, 1, False)
        callers = [f.caller("a"), f.caller("b")]
        await f.clock.run_for(1)
        assert (await f.here.outlook()).over_limit
        callers[1].wait.cancel()
