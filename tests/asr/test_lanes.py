"""Live turns go first, the queue is bounded, and nobody waits beyond the deadline."""

import asyncio
import threading
from collections.abc import AsyncIterator

import numpy as np
import pytest

from asr.errors import RecogniserMissing, SpeechOverloaded
from asr.lanes import Lane, LiveQueue, Urgency
from asr.recogniser import Audio, Recogniser, Recognition
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


class Slow:
    """A recogniser that waits for the test, and says how long the audio was."""

    backend = model = "slow"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.order: list[int] = []

    def recognise(self, audio: Audio, *, alternatives: int = 1) -> Recognition:
        self.go.wait(10)
        self.order.append(len(audio))
        if len(audio) == 13:
            raise RuntimeError("the engine failed")
        return Recognition(f"{len(audio)}")


def said(length: int) -> Audio:
    return np.zeros(length, np.float32)


@pytest.fixture
def engine() -> Slow:
    return Slow()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def queue(engine: Slow, clock: FakeClock) -> AsyncIterator[LiveQueue]:
    lane = Lane("test", 0, lambda: engine)
    live = LiveQueue(lane, clock, limit=3, deadline_s=4.0)
    serving = asyncio.create_task(live.run())
    yield live
    engine.go.set()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    lane.close()


def ask(queue: LiveQueue, length: int, urgency: Urgency = Urgency.TURN) -> asyncio.Task[Recognition]:
    return asyncio.create_task(queue.recognise(said(length), urgency, alternatives=1))


async def under_way(queue: LiveQueue) -> None:
    """Return when the lane has taken the first turn."""
    async with asyncio.timeout(10):
        while len(queue):
            await asyncio.sleep(0)


async def test_answers_go_before_safety_listening(queue: LiveQueue, engine: Slow) -> None:
    first = ask(queue, 1)
    await asyncio.sleep(0)
    await under_way(queue)
    rest = [ask(queue, 2, Urgency.SPOTTING), ask(queue, 3), ask(queue, 4)]
    await asyncio.sleep(0)
    engine.go.set()
    await asyncio.gather(first, *rest)
    assert engine.order == [1, 3, 4, 2]


async def test_a_full_queue_sheds_the_least_urgent_newest_turn(queue: LiveQueue, engine: Slow) -> None:
    first = ask(queue, 1)
    await asyncio.sleep(0)
    await under_way(queue)
    kept = [ask(queue, 2), ask(queue, 3)]
    spotting = ask(queue, 4, Urgency.SPOTTING)
    await asyncio.sleep(0)
    kept.append(ask(queue, 5))
    with pytest.raises(SpeechOverloaded):
        await spotting
    engine.go.set()
    assert [found.text for found in await asyncio.gather(first, *kept)] == ["1", "2", "3", "5"]


async def test_a_turn_that_waited_too_long_is_dropped(queue: LiveQueue, engine: Slow, clock: FakeClock) -> None:
    first = ask(queue, 1)
    await asyncio.sleep(0)
    await under_way(queue)
    late = ask(queue, 2)
    await asyncio.sleep(0)
    clock.advance(4.5)
    engine.go.set()
    with pytest.raises(SpeechOverloaded, match="deadline"):
        await late
    assert (await first).text == "1"
    assert engine.order == [1]


async def test_an_engine_that_fails_costs_one_turn_only(queue: LiveQueue, engine: Slow) -> None:
    engine.go.set()
    with pytest.raises(RuntimeError, match="failed"):
        await ask(queue, 13)
    assert (await ask(queue, 2)).text == "2"


async def test_batch_work_waits_until_no_turn_is_left(queue: LiveQueue, engine: Slow) -> None:
    turn = ask(queue, 1)
    await asyncio.sleep(0)
    waiting = asyncio.create_task(queue.wait_idle(30))
    await asyncio.sleep(0.01)
    assert not waiting.done()
    engine.go.set()
    await turn
    await asyncio.wait_for(waiting, 10)


async def test_batch_work_does_not_wait_for_ever(queue: LiveQueue, engine: Slow) -> None:
    turn = ask(queue, 1)
    await asyncio.sleep(0)
    await queue.wait_idle(0.01)
    assert not turn.done()
    engine.go.set()
    await turn


async def test_a_missing_engine_is_an_answer_to_each_turn(clock: FakeClock) -> None:
    def load() -> Recogniser:
        raise RecogniserMissing("vosk", "set a model's path")

    lane = Lane("test", 0, load)
    live = LiveQueue(lane, clock, limit=3, deadline_s=4.0)
    serving = asyncio.create_task(live.run())
    for _ in range(2):
        with pytest.raises(RecogniserMissing):
            await ask(live, 1)
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    lane.close()


async def test_a_lane_loads_once_and_gives_its_memory_back() -> None:
    loaded: list[Slow] = []

    def load() -> Slow:
        loaded.append(Slow())
        return loaded[-1]

    lane = Lane("test", 0, load)
    assert await lane.engine() is await lane.engine()
    lane.unload()
    assert not lane.is_loaded
    await lane.engine()
    assert len(loaded) == 2
    lane.close()
