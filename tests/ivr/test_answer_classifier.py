"""Short answers: every reading counts, sound decides, doubt asks again, danger goes first."""

import pytest

from asr.recogniser import Hypothesis
from ivr.answer_classifier import ALLOWED, PHRASES, DialogueState, Intent, classify, settled

pytestmark = pytest.mark.unit


def answer(*texts: str, state: DialogueState = DialogueState.ASK_RESOLVED, step: float = -0.5) -> Intent | None:
    return classify([Hypothesis(text, step * at) for at, text in enumerate(texts)], state).intent


def test_every_phrase_means_what_it_stands_for_where_it_is_allowed() -> None:
    for state, allowed in ALLOWED.items():
        for intent in allowed:
            for phrase in PHRASES[intent]:
                assert answer(phrase, state=state) is intent, (state, phrase)


def test_a_homophone_is_understood() -> None:
    assert answer("没有小号") is Intent.NOT_RESOLVED
    assert answer("漫夜", state=DialogueState.RATING) is Intent.SATISFIED
    assert answer("不买一", state=DialogueState.RATING) is Intent.DISSATISFIED


def test_a_less_likely_reading_may_decide() -> None:
    assert answer("天气很蓝", "没有解决") is Intent.NOT_RESOLVED


def test_not_satisfied_is_never_taken_for_satisfied() -> None:
    for said in ("不满意", "很不满意", "不太满意", "不是很满意", "非常不满意"):
        assert answer(said, state=DialogueState.RATING) not in {Intent.SATISFIED, Intent.VERY_SATISFIED}, said


def test_not_repaired_is_never_taken_for_repaired() -> None:
    for said in ("没有修好", "没修好", "还没修好呢", "根本没解决", "没有解决啊"):
        assert answer(said) not in {Intent.RESOLVED, Intent.YES}, said


def test_what_sounds_like_no_answer_is_unsure() -> None:
    found = classify([Hypothesis("母亲", 0.0)], DialogueState.ASK_RESOLVED)
    assert found.intent is None
    assert "none" in found.reason


def test_one_syllable_must_match_well() -> None:
    assert answer("入山", state=DialogueState.RATING) is None
    assert answer("三三", state=DialogueState.RATING) is Intent.DIGIT_3


def test_an_answer_to_another_question_is_not_accepted() -> None:
    assert answer("满意", state=DialogueState.CONFIRM_PERSON) is not Intent.SATISFIED


def test_nothing_heard_is_unsure() -> None:
    assert classify([], DialogueState.RATING).reason == "nothing recognised"
    assert classify([Hypothesis("", 0.0)], DialogueState.RATING).intent is None


def test_a_danger_in_any_reading_goes_before_the_answer() -> None:
    found = classify([Hypothesis("满意", 0.0), Hypothesis("满意但是漏气", -1.0)], DialogueState.RATING)
    assert found.intent is None
    assert found.safety is not None
    assert found.safety.word == "漏气"


def test_yes_and_no_answer_the_question_that_was_asked() -> None:
    assert settled(Intent.YES, DialogueState.ASK_RESOLVED) is Intent.RESOLVED
    assert settled(Intent.NO, DialogueState.ASK_RESOLVED) is Intent.NOT_RESOLVED
    assert settled(Intent.NO, DialogueState.NEW_DEMAND) is Intent.NO
    assert settled(None, DialogueState.ASK_RESOLVED) is None


def test_a_poor_match_counts_only_far_from_every_other_meaning() -> None:
    found = classify([Hypothesis("变结了", 0.0)], DialogueState.ASK_RESOLVED)
    assert found.intent is not Intent.NO
    assert answer("不是", "是") is Intent.NO
