import pytest

from seats.errors import SeatMoveRefused, SeatUnknown
from seats.services import SeatConfig, SeatServices
from tests.fakes.seat_floor import floor

pytestmark = pytest.mark.unit


async def test_what_staff_do_is_audited_and_logged() -> None:
    async with floor("8001") as f:
        await f.here.take_break("8001", by="8001", reason="用餐")
        await f.here.become_free("8001", by="leader")
        await f.here.sign_out("8001", by="8001")
        assert f.store.audits == [
            ("8001", "seat.take_break", "seat 8001"),
            ("leader", "seat.become_free", "seat 8001"),
            ("8001", "seat.sign_out", "seat 8001"),
        ]
        assert [event for _, event, _ in f.store.seat_events] == ["take_break", "become_free", "sign_out"]


async def test_an_unknown_seat_and_a_wrong_move_are_refused() -> None:
    async with floor("8001") as f:
        with pytest.raises(SeatUnknown):
            await f.here.sign_in("9999", by="9999")
        await f.here.sign_out("8001", by="8001")
        with pytest.raises(SeatMoveRefused):
            await f.here.take_break("8001", by="8001")
        assert f.seat().state.value == "offline"


async def test_signing_in_with_ones_own_number_changes_what_the_caller_hears() -> None:
    async with floor("8001") as f:
        await f.here.sign_in("8001", by="anna", staff_number="326", staff_name="安娜")
        caller = f.caller("a")
        await f.clock.run_for(0)
        assert caller.wait.result().staff_number == "326"


async def test_a_restart_keeps_seats_as_they_were() -> None:
    async with floor("8001") as f:
        await f.here.take_break("8001", by="8001", reason="用餐")
        again = SeatServices(f.store, f.clock, holder="again")
        await again.start([SeatConfig("8001", "999")])
        assert (f.seat().state.value, f.seat().reason, f.seat().staff_number) == ("break", "用餐", "001")
        await again.stop()


async def test_a_seat_that_calls_out_itself_is_offered_nothing_until_it_is_over() -> None:
    async with floor("8001", wrap_up_s=5) as f:
        offer = await f.here.occupy("8001", call_id="out", by="8001")
        caller = f.caller("a")
        await f.clock.run_for(300)
        assert (f.seat().state.value, caller.offered) == ("talking", None), "its lease is renewed as any talk's"
        await f.here.ended(offer)
        await f.clock.run_for(6)
        assert caller.offered == "8001"


async def test_a_seat_that_talks_cannot_be_taken_for_another_call() -> None:
    async with floor("8001") as f:
        await f.here.occupy("8001", call_id="out", by="8001")
        with pytest.raises(SeatMoveRefused):
            await f.here.occupy("8001", call_id="again", by="8001")
