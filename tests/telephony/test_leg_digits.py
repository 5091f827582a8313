"""Keys go to every subscription; a reader that sleeps forgets the oldest first."""

import gc

import pytest

from telephony.leg_digits import MAX_WAITING, DigitFan

pytestmark = pytest.mark.unit


async def test_a_subscription_begins_where_it_was_made_and_ends_with_the_leg() -> None:
    fan = DigitFan()
    fan.press("1")
    keys = fan.subscribe()
    fan.press("2")
    fan.end()
    assert [key async for key in keys] == ["2"]
    with pytest.raises(StopAsyncIteration):
        await anext(keys)
    assert [key async for key in fan.subscribe()] == []


async def test_a_reader_that_sleeps_keeps_the_newest_keys() -> None:
    fan = DigitFan()
    keys = fan.subscribe()
    for number in range(MAX_WAITING + 3):
        fan.press(str(number % 10))
    assert await anext(keys) == "3"


async def test_a_forgotten_subscription_costs_nothing() -> None:
    fan = DigitFan()
    fan.subscribe()
    gc.collect()
    assert len(fan._streams) == 0
