import pytest

from ivr.rating import RatingRules, Scale
from tests.fakes.call_control import Answers, FakeCall
from tests.fakes.hotline import Hotline

pytestmark = pytest.mark.unit


async def asked_to_rate(hotline: Hotline) -> FakeCall:
    """A caller whose seat hung up first, while the question is said."""
    hotline.control.script("8001", Answers(after_s=1.0, hangs_up_after_s=30))
    call = await hotline.ring()
    await hotline.pass_s(34)
    return call


async def test_a_key_after_the_question_counts_too() -> None:
    async with Hotline("8001") as hotline:
        call = await asked_to_rate(hotline)
        await hotline.pass_s(5)
        call.first_leg.press("5")
        await hotline.pass_s(3)
        (rating,) = hotline.store.tables["ratings"].values()
        assert (rating.level, rating.label, rating.scale) == (5, "非常不满意", 5)


async def test_the_scale_may_have_three_levels() -> None:
    async with Hotline("8001", rating_rules=RatingRules(scale=Scale.THREE)) as hotline:
        call = await asked_to_rate(hotline)
        assert call.first_leg.heard[-1] == "rating.ask_three"
        call.first_leg.press("3")
        await hotline.pass_s(3)
        (rating,) = hotline.store.tables["ratings"].values()
        assert (rating.label, rating.scale) == ("不满意", 3)


async def test_nothing_keyed_is_no_rating_and_the_call_ends() -> None:
    async with Hotline("8001") as hotline:
        call = await asked_to_rate(hotline)
        await hotline.pass_s(10)
        assert hotline.store.tables["ratings"] == {}
        assert call.first_leg.hung_up_by_us


async def test_a_key_outside_the_scale_is_no_rating() -> None:
    async with Hotline("8001") as hotline:
        call = await asked_to_rate(hotline)
        await hotline.pass_s(3)
        call.first_leg.press("9")
        await hotline.pass_s(3)
        assert hotline.store.tables["ratings"] == {}


async def test_a_caller_who_leaves_first_is_not_asked() -> None:
    async with Hotline("8001") as hotline:
        hotline.control.script("8001", Answers(after_s=1.0))
        call = await hotline.ring()
        await hotline.pass_s(20)
        call.first_leg.hang_up()
        await hotline.pass_s(10)
        assert "rating.ask_five" not in call.first_leg.heard
