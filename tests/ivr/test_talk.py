import pytest

from telephony.causes import Cause
from tests.fakes.call_control import Answers, FakeCall
from tests.fakes.hotline import Hotline

pytestmark = pytest.mark.unit


async def talking(hotline: Hotline) -> FakeCall:
    """A caller who talks with 8001."""
    hotline.control.script("8001", Answers(after_s=1.0))
    call = await hotline.ring()
    await hotline.pass_s(15)
    assert len(call.bridges) == 1
    return call


async def test_a_caller_who_was_parted_on_purpose_is_neither_rated_nor_hung_up() -> None:
    async with Hotline("8001") as hotline:
        call = await talking(hotline)
        await call.bridges[0].unbridge()
        await hotline.pass_s(60)
        assert call.first_leg.cause is None
        assert "rating.ask_five" not in call.first_leg.heard
        assert hotline.control.legs["8001"][0].cause is None


async def test_a_seat_that_hangs_up_during_the_announcement_costs_the_caller_nothing() -> None:
    async with Hotline("8001", "8002") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0, hangs_up_after_s=0.5))
        hotline.control.script("8002", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(20)
        assert hotline.control.rung == ["8001", "8002"]
        assert len(call.bridges) == 1
        assert "rating.ask_five" not in call.first_leg.heard


async def test_a_caller_who_hangs_up_during_the_announcement_frees_the_seat() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(3.3)
        assert call.first_leg.heard[-1] in {"piece.agent", "digit.0"}
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.control.legs["8001"][0].hung_up_by_us
        assert hotline.state("8001") == "wrap_up"


@pytest.mark.parametrize("cause", [Cause.NORMAL, Cause.BUSY, Cause.TRANSFERRED])
async def test_an_ordinary_end_by_the_seat_is_rated(cause: Cause) -> None:
    async with Hotline("8001") as hotline:
        call = await talking(hotline)
        hotline.control.legs["8001"][0].hang_up(cause)
        await hotline.pass_s(1)
        assert call.first_leg.heard[-1] == "rating.ask_five"
