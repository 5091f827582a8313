"""A question is asked and the answer, silence, danger or absence of hearing comes back; the leg is let go again."""

import asyncio
import logging

import pytest

from asr.messages import (
    Expected,
    ListeningRefused,
    Reading,
    SafetyHeard,
    SilenceHeard,
    SpeechStarted,
    StreamEnded,
    StreamEvent,
    TurnEnded,
)
from ivr.answer_classifier import DialogueState, Intent
from ivr.listening import Listener
from telephony.causes import Cause
from telephony.ports import Direction, LegEnded, LegState
from tests.fakes.call_control import FakeCallControl, FakeLeg
from tests.fakes.clock import FakeClock
from tests.fakes.speech import ScriptedSpeech

pytestmark = pytest.mark.unit


def turn(*texts: str) -> TurnEnded:
    return TurnEnded("s", texts[0], [Reading(text, -1.0 * at) for at, text in enumerate(texts)], 1.0, 2.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def leg(clock: FakeClock) -> FakeLeg:
    return FakeLeg(FakeCallControl(clock), "leg", direction=Direction.INBOUND, state=LegState.ANSWERED)


def listener(clock: FakeClock, *events: StreamEvent) -> tuple[Listener, ScriptedSpeech]:
    speech = ScriptedSpeech([list(events)])
    return Listener(speech, clock), speech


async def test_an_answer_is_understood_in_the_state_asked(clock: FakeClock, leg: FakeLeg) -> None:
    ears, speech = listener(clock, SpeechStarted("s", 1.0), turn("母有", "没有"))
    heard = await ears.hear(leg, DialogueState.ASK_RESOLVED, silence_s=5.0)
    assert heard.intent is Intent.NOT_RESOLVED
    assert [each.text for each in heard.hypotheses] == ["母有", "没有"]
    stream, expected, rules = speech.opened[0]
    assert (expected, rules.silence_s) == (Expected.ANSWER, 5.0)
    assert leg.streams == [stream]
    assert leg.listening is None
    assert speech.streams[0].closed


async def test_speech_stops_the_prompt_once(clock: FakeClock, leg: FakeLeg) -> None:
    stopped: list[int] = []

    async def stop() -> None:
        stopped.append(1)

    ears, _ = listener(clock, SpeechStarted("s", 1.0), SpeechStarted("s", 2.0), turn("好的"))
    await ears.hear(leg, DialogueState.CONFIRM_PERSON, on_speech=stop)
    assert stopped == [1]


async def test_silence_is_told_from_not_understanding(clock: FakeClock, leg: FakeLeg) -> None:
    ears, _ = listener(clock, SilenceHeard("s"))
    heard = await ears.hear(leg, DialogueState.RATING)
    assert (heard.silence, heard.intent, heard.unavailable) == (True, None, False)
    ears, _ = listener(clock, turn("天气很蓝"))
    heard = await ears.hear(leg, DialogueState.RATING)
    assert (heard.silence, heard.intent, heard.text) == (False, None, "天气很蓝")


async def test_a_danger_ends_the_question_at_once(clock: FakeClock, leg: FakeLeg) -> None:
    ears, _ = listener(clock, SafetyHeard("s", "漏气", "厨房漏气"), turn("满意"))
    heard = await ears.hear(leg, DialogueState.RATING)
    assert (heard.safety_word, heard.text) == ("漏气", "厨房漏气")


async def test_a_danger_that_is_over_is_told_apart(clock: FakeClock, leg: FakeLeg) -> None:
    ears, _ = listener(clock, turn("漏气修好了"))
    heard = await ears.hear(leg, DialogueState.ASK_RESOLVED)
    assert (heard.safety_word, heard.safety_mended) == (None, "漏气")


async def test_without_a_speech_worker_the_dialogue_goes_on_with_keys(
    clock: FakeClock, leg: FakeLeg, caplog: pytest.LogCaptureFixture
) -> None:
    ears, _ = listener(clock, ListeningRefused("s", "recogniser missing"))
    with caplog.at_level(logging.WARNING):
        heard = await ears.hear(leg, DialogueState.RATING)
    assert heard.unavailable
    assert not heard.silence
    assert "nothing can be heard" in caplog.text


async def test_a_turn_that_was_shed_is_not_taken_for_silence(clock: FakeClock, leg: FakeLeg) -> None:
    ears, _ = listener(clock, TurnEnded("s", "", [], 1.0, 2.0, recognised=False))
    heard = await ears.hear(leg, DialogueState.RATING)
    assert (heard.unavailable, heard.silence) == (True, False)


async def test_a_worker_that_never_answers_does_not_hold_the_call(
    clock: FakeClock, leg: FakeLeg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ivr.listening._RECOGNITION_S", 0.01)
    ears, _ = listener(clock)
    heard = await ears.hear(leg, DialogueState.RATING, silence_s=0.01, max_s=0.01)
    assert heard.unavailable
    assert leg.listening is None


async def test_a_caller_who_hangs_up_ends_the_listening(clock: FakeClock, leg: FakeLeg) -> None:
    ears, speech = listener(clock)
    hearing = asyncio.create_task(ears.hear(leg, DialogueState.RATING))
    await asyncio.sleep(0)
    leg.hang_up()
    with pytest.raises(LegEnded) as ended:
        await hearing
    assert ended.value.cause is Cause.NORMAL
    assert speech.streams[0].closed


async def test_a_message_is_everything_said_until_quiet(clock: FakeClock, leg: FakeLeg) -> None:
    ears, speech = listener(clock, turn("家里不热"), turn(""), turn("延吉路三号"), SilenceHeard("s"))
    heard = await ears.take_message(leg)
    assert heard.text == "家里不热，延吉路三号"
    assert not heard.silence
    assert speech.opened[0][1] is Expected.FREE


async def test_an_empty_message_is_silence(clock: FakeClock, leg: FakeLeg) -> None:
    ears, _ = listener(clock, StreamEnded("s"))
    assert (await ears.take_message(leg)).silence


async def test_a_danger_in_a_message_comes_with_what_was_said_before(clock: FakeClock, leg: FakeLeg) -> None:
    ears, _ = listener(clock, turn("我在延吉路"), SafetyHeard("s", "煤气味", "有煤气味"))
    heard = await ears.take_message(leg)
    assert (heard.safety_word, heard.text) == ("煤气味", "我在延吉路，有煤气味")


async def test_a_message_that_is_too_long_keeps_what_was_said(clock: FakeClock, leg: FakeLeg) -> None:
    ears, _ = listener(clock, turn("家里不热"))
    assert (await ears.take_message(leg, max_s=0.05)).text == "家里不热"


async def test_spotting_waits_for_a_safety_word_and_nothing_else(clock: FakeClock, leg: FakeLeg) -> None:
    ears, speech = listener(
        clock, SpeechStarted("s", 1.0), ListeningRefused("s", "too many"), SafetyHeard("s", "着火", "着火了")
    )
    assert await ears.spot_safety(leg) == "着火"
    assert speech.opened[0][1] is Expected.SAFETY


async def test_spotting_lets_go_of_the_leg_when_it_is_not_wanted_any_more(clock: FakeClock, leg: FakeLeg) -> None:
    ears, speech = listener(clock)
    spotting = asyncio.create_task(ears.spot_safety(leg))
    await asyncio.sleep(0.01)
    assert leg.listening is not None
    spotting.cancel()
    await asyncio.gather(spotting, return_exceptions=True)
    assert leg.listening is None
    assert speech.streams[0].closed
