"""One conversation: two legs bridged, parted, recorded; what is not allowed is refused."""

import asyncio

import pytest

from telephony.causes import Cause
from telephony.errors import LegStateWrong
from telephony.live_call import LiveCall
from telephony.ports import Call, Leg, SeatTarget
from tests.fakes.sip_line import FakeInvite, FakeOutgoing
from tests.telephony.conftest import Hotline

pytestmark = pytest.mark.unit


async def two_legs(hotline: Hotline) -> tuple[Call, Leg, Leg, FakeInvite, FakeOutgoing]:
    """A caller and a seat, both answered."""
    hotline.answer()
    invite = hotline.ring()
    await hotline.settled()
    call = hotline.served[-1]
    hotline.endpoint.register("8001", "10.0.0.5")
    ringing = asyncio.create_task(call.originate(SeatTarget("8001"), caller_id="96556", ring_s=5))
    await hotline.settled()
    outgoing = hotline.endpoint.sent[-1]
    outgoing.answers()
    return call, call.first_leg, await ringing, invite, outgoing


async def test_two_legs_hear_each_other_until_one_goes_and_the_other_lives_on(hotline: Hotline) -> None:
    call, caller, seat, invite, outgoing = await two_legs(hotline)
    bridge = await call.bridge(caller, seat)
    assert hotline.worker.told[-1] == ("bridge", caller.id, seat.id)
    hotline.clock.advance(12.5)
    outgoing.hang_up()
    end = await bridge.ended()
    assert (end.ended_leg, end.cause, end.talked_s) == (seat.id, Cause.NORMAL, 12.5)
    assert caller.cause is None
    invite.hang_up()
    await call.ended()
    await hotline.settled()
    assert [leg.bridged_s for leg in hotline.journal.records[0].legs] == [12.5, 12.5]


async def test_parting_on_purpose_ends_the_bridge_and_no_leg(hotline: Hotline) -> None:
    call, caller, seat, _, _ = await two_legs(hotline)
    bridge = await call.bridge(caller, seat)
    await bridge.unbridge()
    await bridge.unbridge()
    end = await bridge.ended()
    assert (end.ended_leg, end.cause) == (None, None)
    assert hotline.worker.verbs(caller.id).count("unbridge") == 1
    assert seat.cause is None


async def test_a_new_bridge_of_a_leg_parts_the_old_one(hotline: Hotline) -> None:
    call, caller, seat, _, _ = await two_legs(hotline)
    first = await call.bridge(caller, seat)
    second = await call.bridge(caller, seat)
    assert (await first.ended()).ended_leg is None
    assert not isinstance(second, LiveCall)
    ended = asyncio.create_task(second.ended())
    await hotline.settled()
    assert not ended.done()
    ended.cancel()


async def test_a_leg_is_not_bridged_to_itself_nor_to_one_that_has_ended(hotline: Hotline) -> None:
    call, caller, seat, _, outgoing = await two_legs(hotline)
    with pytest.raises(LegStateWrong):
        await call.bridge(caller, caller)
    outgoing.hang_up()
    with pytest.raises(LegStateWrong):
        await call.bridge(caller, seat)


async def test_one_recording_at_a_time_of_an_answered_leg_of_this_call(hotline: Hotline) -> None:
    call, caller, seat, _, outgoing = await two_legs(hotline)
    recording = await call.record(caller)
    with pytest.raises(LegStateWrong):
        await call.record(seat)
    file = await call.stop_recording()
    assert file is not None
    assert (file.recording, file.path) == (recording, f"/spool/{recording}.wav")
    assert await call.stop_recording() is None
    assert await call.record(caller) != recording
    outgoing.hang_up()
    await call.stop_recording()
    with pytest.raises(LegStateWrong):
        await call.record(seat)


async def test_a_lost_recording_is_no_file(hotline: Hotline) -> None:
    call, caller, _, _, _ = await two_legs(hotline)
    recording = await call.record(caller)
    hotline.worker.recording_over(recording, lost="disk full")
    assert await call.stop_recording() is None


async def test_a_dead_media_worker_ends_both_legs_and_keeps_the_mended_recording(hotline: Hotline) -> None:
    call, caller, seat, _, _ = await two_legs(hotline)
    await call.record(caller)
    await call.bridge(caller, seat)
    hotline.worker.die()
    await call.ended()
    await hotline.settled()
    assert [leg.cause for leg in call.legs] == [Cause.MEDIA_LOST, Cause.MEDIA_LOST]
    assert [file.complete for file in hotline.files] == [False]


async def test_an_outbound_call_has_no_first_leg_before_one_is_rung(hotline: Hotline) -> None:
    call = await hotline.calls.new_call(purpose="click_to_dial")
    assert (call.purpose, call.cause, list(call.legs)) == ("click_to_dial", None, [])
    with pytest.raises(LegStateWrong):
        _ = call.first_leg
