"""Turns begin and end by the voice, never by a clock of the wall."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.endpointing import ANSWER, WINDOW_S, Endpointer, EndpointState, NobodySpoke, SpeechBegan, SpeechEnded, Turn

pytestmark = pytest.mark.unit

VOICE, QUIET = 0.9, 0.02


def windows(seconds: float, probability: float) -> list[float]:
    return [probability] * round(seconds / WINDOW_S)


def turns(*parts: list[float], endpointer: Endpointer | None = None) -> list[Turn]:
    endpointer = endpointer or Endpointer(ANSWER)
    return [turn for part in parts for probability in part for turn in endpointer.feed(probability)]


def test_an_answer_ends_after_its_pause() -> None:
    found = turns(windows(1.0, QUIET), windows(0.8, VOICE), windows(1.0, QUIET))
    assert [type(turn) for turn in found] == [SpeechBegan, SpeechEnded]
    began, ended = found
    assert isinstance(ended, SpeechEnded)
    assert isinstance(began, SpeechBegan)
    assert began.at_s == pytest.approx(1.0, abs=WINDOW_S)
    assert ended.ended_s == pytest.approx(1.8, abs=2 * WINDOW_S)


def test_a_breath_inside_an_answer_does_not_end_it() -> None:
    found = turns(windows(0.5, VOICE), windows(0.4, QUIET), windows(0.5, VOICE), windows(1.0, QUIET))
    assert len([turn for turn in found if isinstance(turn, SpeechEnded)]) == 1


def test_a_click_is_no_speech_and_does_not_restart_the_wait() -> None:
    found = turns(windows(3.0, QUIET), [VOICE], windows(3.1, QUIET))
    assert found == [NobodySpoke(found[0].at_s)] if isinstance(found[0], NobodySpoke) else False
    assert found[0].at_s == pytest.approx(6.0, abs=1.0)


def test_six_seconds_of_quiet_are_reported_once() -> None:
    found = turns(windows(20.0, QUIET))
    assert [type(turn) for turn in found] == [NobodySpoke]


def test_quiet_after_words_is_reported_again() -> None:
    found = turns(windows(0.5, VOICE), windows(8.0, QUIET))
    assert [type(turn) for turn in found] == [SpeechBegan, SpeechEnded, NobodySpoke]


def test_endless_speech_is_cut() -> None:
    endpointer = Endpointer(replace(ANSWER, max_s=2.0))
    cuts = [turn for turn in turns(windows(5.0, VOICE), endpointer=endpointer) if isinstance(turn, SpeechEnded)]
    assert [cut.cut for cut in cuts] == [True, True]


def test_the_end_of_the_stream_ends_the_turn() -> None:
    endpointer = Endpointer(ANSWER)
    turns(windows(0.5, VOICE), endpointer=endpointer)
    (ended,) = endpointer.finish()
    assert isinstance(ended, SpeechEnded)
    assert endpointer.state is EndpointState.QUIET
    assert endpointer.finish() == []


@given(st.lists(st.floats(0, 1), max_size=400))
def test_turns_alternate_and_times_only_grow(probabilities: list[float]) -> None:
    endpointer = Endpointer(ANSWER)
    found = [turn for each in probabilities for turn in endpointer.feed(each)] + endpointer.finish()
    spoken = [turn for turn in found if not isinstance(turn, NobodySpoke)]
    for at, turn in enumerate(spoken):
        assert isinstance(turn, SpeechBegan if at % 2 == 0 else SpeechEnded)
    ends = [turn.ended_s for turn in spoken if isinstance(turn, SpeechEnded)]
    assert ends == sorted(ends)
    assert endpointer.keep_from_s <= endpointer.now_s
