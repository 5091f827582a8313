import pytest

from ivr.listening import Heard
from tests.fakes.call_control import FakeCall
from tests.fakes.hotline import Hotline
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

CALLER = PhoneNumber.parse("13800001234")


async def at_the_tone(hotline: Hotline, number: str | None = "13800001234") -> FakeCall:
    """A caller whom nobody answers, just after the tone."""
    call = await hotline.ring(number)
    await hotline.pass_s(6.1)
    assert call.first_leg.heard == ["reception.greeting", "message.ask", "tone.attention"]
    return call


async def test_what_was_said_becomes_the_cases_demand() -> None:
    async with Hotline(ears=True) as hotline:
        assert hotline.ears is not None
        hotline.ears.message = Heard(text="家里暖气不热，市南区香港中路十号")
        call = await at_the_tone(hotline)
        await hotline.pass_s(6)
        assert call.first_leg.heard[-1] == "message.number_known"
        call.first_leg.press("#")
        await hotline.pass_s(5)
        (intake,) = hotline.cases.intakes
        assert (intake.demand, intake.caller, intake.by) == ("家里暖气不热，市南区香港中路十号", CALLER, "BOT")
        assert call.first_leg.heard[-1] == "message.thanks"


async def test_the_list_holds_the_message_with_recording_and_case() -> None:
    async with Hotline() as hotline:
        call = await at_the_tone(hotline)
        await hotline.pass_s(5)
        call.first_leg.press("#")
        await hotline.pass_s(3)
        call.first_leg.press("#")
        await hotline.pass_s(5)
        (missed,) = hotline.store.tables["missed_calls"].values()
        assert (missed.kind.value, missed.recording, missed.case_number) == (
            "message",
            call.recordings[0],
            "RX20261124-0001",
        )


async def test_another_number_may_be_keyed_and_then_1_is_a_digit() -> None:
    async with Hotline() as hotline:
        call = await at_the_tone(hotline)
        await hotline.pass_s(5)
        call.first_leg.press("#")
        await hotline.pass_s(1)
        for key in "13911112222#":
            call.first_leg.press(key)
            await hotline.pass_s(0.3)
        await hotline.pass_s(3)
        (intake,) = hotline.cases.intakes
        assert intake.caller == PhoneNumber.parse("13911112222")
        assert "leak.safety" not in call.first_leg.heard


async def test_a_wrong_number_is_asked_again_and_in_the_end_the_callers_own_is_kept() -> None:
    async with Hotline() as hotline:
        call = await at_the_tone(hotline)
        await hotline.pass_s(5)
        call.first_leg.press("#")
        for _ in range(3):
            await hotline.pass_s(0.5)
            call.first_leg.press("9")
            await hotline.pass_s(0.5)
            call.first_leg.press("#")
        await hotline.pass_s(5)
        assert call.first_leg.heard.count("message.number_wrong") == 2
        assert hotline.cases.intakes[0].caller == CALLER


async def test_a_caller_with_a_withheld_number_is_asked_for_one() -> None:
    async with Hotline() as hotline:
        call = await at_the_tone(hotline, None)
        await hotline.pass_s(5)
        call.first_leg.press("#")
        await hotline.pass_s(1)
        assert call.first_leg.heard[-1] == "message.number_asked"
        await hotline.pass_s(20)
        assert hotline.cases.intakes[0].caller is None


async def test_a_safety_word_in_the_message_opens_the_leak_lane() -> None:
    async with Hotline(ears=True) as hotline:
        assert hotline.ears is not None
        hotline.ears.message = Heard(text="厨房有煤气味", safety_word="煤气味")
        call = await at_the_tone(hotline)
        await hotline.pass_s(5.5)
        assert call.first_leg.heard[-1] == "leak.safety"
        assert [intake.kind.value for intake in hotline.cases.intakes] == ["leak"]
        assert "煤气味" in hotline.cases.intakes[0].demand


@pytest.mark.parametrize("after_s", [3.0, 10.0], ids=["during the prompt", "while speaking"])
async def test_key_1_in_a_message_opens_the_leak_lane(after_s: float) -> None:
    async with Hotline() as hotline:
        call = await hotline.ring()
        await hotline.pass_s(after_s)
        call.first_leg.press("1")
        await hotline.pass_s(1)
        assert call.first_leg.heard[-1] == "leak.safety"


async def test_silence_is_asked_once_more_and_then_the_call_ends_on_the_list() -> None:
    async with Hotline(ears=True) as hotline:
        call = await at_the_tone(hotline)
        await hotline.pass_s(5)
        assert call.first_leg.heard[-1] == "message.again"
        await hotline.pass_s(20)
        assert call.first_leg.heard[-1] == "message.nothing"
        assert call.first_leg.hung_up_by_us
        assert hotline.cases.intakes == []
        assert hotline.missed == ["message_cut"]


async def test_who_hangs_up_after_speaking_has_left_a_message() -> None:
    async with Hotline() as hotline:
        call = await at_the_tone(hotline)
        await hotline.pass_s(10)
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        assert [intake.kind.value for intake in hotline.cases.intakes] == ["message"]
        assert hotline.missed == ["message"]


async def test_who_hangs_up_instead_of_confirming_the_number_has_left_a_message() -> None:
    async with Hotline() as hotline:
        call = await at_the_tone(hotline)
        await hotline.pass_s(10)
        call.first_leg.press("#")
        await hotline.pass_s(1)
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.cases.intakes[0].caller == CALLER
        assert hotline.missed == ["message"]


async def test_who_hangs_up_at_the_prompt_is_listed_without_a_case() -> None:
    async with Hotline() as hotline:
        call = await hotline.ring()
        await hotline.pass_s(3)
        call.first_leg.hang_up()
        await hotline.pass_s(1)
        assert hotline.cases.intakes == []
        assert hotline.missed == ["message_cut"]


async def test_without_the_speech_worker_the_message_ends_with_the_time() -> None:
    async with Hotline(ears=True) as hotline:
        assert hotline.ears is not None
        hotline.ears.message, hotline.ears.after_s = Heard(unavailable=True), 0.1
        call = await at_the_tone(hotline)
        await hotline.pass_s(55)
        assert call.first_leg.heard[-1] == "tone.attention"
        await hotline.pass_s(6)
        assert call.first_leg.heard[-1] == "message.number_known"
