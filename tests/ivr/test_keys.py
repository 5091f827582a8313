import asyncio
from pathlib import Path

import pytest

from ivr.keys import Keys, cancel_all, playing, say_both
from telephony.ports import LegEnded
from tests.fakes.call_control import FakeCallControl
from tests.fakes.clock import FakeClock
from vocabulary.audio_frame import AudioFile

pytestmark = pytest.mark.unit

GREETING = AudioFile(Path("greeting.alaw"))


@pytest.fixture
def control() -> FakeCallControl:
    return FakeCallControl(FakeClock())


async def test_a_key_pressed_before_it_is_asked_for_is_not_lost(control: FakeCallControl) -> None:
    leg = control.inbound().first_leg
    async with Keys(leg) as keys:
        leg.press("521")
        assert await keys.next("12") == "2"
        assert await keys.next("1") == "1"


async def test_keys_of_a_number_can_be_forgotten(control: FakeCallControl) -> None:
    leg = control.inbound().first_leg
    async with Keys(leg) as keys:
        leg.press("138")
        await control.clock.settle()
        keys.forget()
        asked = asyncio.create_task(keys.next("138"))
        await control.clock.settle()
        assert not asked.done()
        await cancel_all(asked)


async def test_playing_stops_when_its_block_is_left(control: FakeCallControl) -> None:
    leg = control.inbound().first_leg
    async with playing(leg, GREETING, repeat=True) as music:
        await control.clock.run_for(5)
        assert not music.done()
    assert music.done()
    heard = len(leg.heard)
    await control.clock.run_for(60)
    assert len(leg.heard) == heard


async def test_two_parties_hear_theirs_at_the_same_time(control: FakeCallControl) -> None:
    caller, seat = control.inbound().first_leg, control.inbound().first_leg
    both = asyncio.create_task(say_both(caller, [GREETING, GREETING], seat, [GREETING]))
    await control.clock.run_for(3)
    assert (caller.heard, seat.heard) == (["greeting", "greeting"], ["greeting"])
    assert not both.done()
    await control.clock.run_for(1)
    assert both.done()


async def test_when_one_hangs_up_the_other_hears_no_more(control: FakeCallControl) -> None:
    caller, seat = control.inbound().first_leg, control.inbound().first_leg
    both = asyncio.create_task(say_both(caller, [GREETING] * 9, seat, [GREETING] * 9))
    await control.clock.run_for(1)
    seat.hang_up()
    await control.clock.run_for(1)
    with pytest.raises(LegEnded):
        await both
    heard = len(caller.heard)
    await control.clock.run_for(20)
    assert len(caller.heard) == heard
