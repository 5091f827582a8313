"""A part of the server that fails is begun again, and ends when it is told to."""

import asyncio

import pytest

from composition.parts import PAUSE_S, keep_running
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.unit


async def test_a_part_that_fails_is_begun_again_after_a_pause() -> None:
    clock, begun = FakeClock(), []

    async def work() -> None:
        begun.append(clock.monotonic_s())
        if len(begun) < 3:
            raise RuntimeError("the database is gone")

    running = asyncio.create_task(keep_running(work, "events", clock))
    await clock.run_for(3 * PAUSE_S)
    assert running.done()
    assert [at_s - begun[0] for at_s in begun] == [0, PAUSE_S, 2 * PAUSE_S]


async def test_a_part_that_is_stopped_is_not_begun_again() -> None:
    clock, begun = FakeClock(), []

    async def work() -> None:
        begun.append(1)
        await clock.sleep(1000)

    running = asyncio.create_task(keep_running(work, "dialler", clock))
    await clock.settle()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await clock.run_for(10 * PAUSE_S)
    assert begun == [1]
