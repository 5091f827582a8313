"""A held loop shows in the beat."""

import asyncio
import time

import pytest

from telephony.loop_stall import LoopStall

pytestmark = pytest.mark.unit


async def test_a_loop_that_is_held_shows_it_and_an_idle_one_does_not() -> None:
    stall = LoopStall()
    assert stall.quantile_ms(0.99) == 0.0
    stall.start()
    async with asyncio.timeout(5):
        while len(stall._late_ms) < 5:
            await asyncio.sleep(0.005)
    time.sleep(0.08)
    seen = len(stall._late_ms)
    async with asyncio.timeout(5):
        while len(stall._late_ms) <= seen:
            await asyncio.sleep(0.005)
    stall.stop()
    assert stall.quantile_ms(1) >= 50
    assert stall.quantile_ms(0.5) < stall.quantile_ms(1)
