"""The dialler: so many calls at a time, stopped by a switch, stopped by nothing else."""

import asyncio

import pytest

from callbacks.ai_calls import AiEnd, AiTask
from callbacks.dialler import Dialler
from store.errors import StoreUnavailable
from tests.fakes.callback_voice import Room

pytestmark = pytest.mark.unit


@pytest.fixture
def room() -> Room:
    return Room()


async def test_no_more_calls_at_a_time_than_allowed(room: Room) -> None:
    room.calls.due = [room.task(number) for number in range(3)]
    assert await room.dialler.tick() == 2
    await room.clock.settle()
    assert await room.dialler.tick() == 0
    await room.clock.run_for(31.0)  # nobody answers
    assert await room.dialler.tick() == 1
    await room.clock.run_for(31.0)
    assert room.dialler.running == 0
    assert len(room.calls.ends) == 3


async def test_the_switch_stops_new_calls_at_once(room: Room) -> None:
    room.calls.due = [room.task()]
    room.switch.allowed = False
    assert await room.dialler.tick() == 0
    room.switch.allowed = True
    assert await room.dialler.tick() == 1
    await room.dialler.stop()


async def test_a_switch_that_cannot_be_read_lets_nothing_be_called_and_is_asked_again(room: Room) -> None:
    class Away:
        asked = 0

        async def outbound_allowed(self) -> bool:
            self.asked += 1
            if self.asked == 1:
                raise StoreUnavailable("the database is away")
            return True

    room.calls.due = [room.task()]
    dialler = Dialler(room.calls, room.voice, Away(), room.clock)  # type: ignore[arg-type]
    running = asyncio.create_task(dialler.run(tick_s=1.0))
    await room.clock.run_for(0.5)
    assert len(room.calls.due) == 1
    await room.clock.run_for(1.0)
    assert room.calls.due == []
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_failing_call_does_not_stop_the_dialler(room: Room) -> None:
    class Broken:
        async def run(self, task: AiTask) -> AiEnd:
            raise RuntimeError("the media worker died")

    dialler = Dialler(room.calls, Broken(), room.switch, room.clock)  # type: ignore[arg-type]
    room.calls.due = [room.task()]
    assert await dialler.tick() == 1
    await dialler.settled()
    assert dialler.running == 0
    assert await dialler.tick() == 0


async def test_it_ticks_by_itself_until_it_is_stopped(room: Room) -> None:
    room.calls.due = [room.task(number) for number in range(3)]
    running = asyncio.create_task(room.dialler.run(tick_s=1.0))
    await room.clock.run_for(70.0)
    assert len(room.calls.ends) == 3
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
