"""Vosk's answers become Recognitions."""

import pytest

from asr.recogniser import NOTHING, Hypothesis
from asr.vosk import read_result

pytestmark = pytest.mark.unit


def test_blanks_between_words_go_and_characters_become_simplified() -> None:
    found = read_result({"text": "家裡 暖氣 不 熱"}, 2.0)
    assert found.text == "家里暖气不热"
    assert found.segments[0].ended_s == 2.0


def test_alternatives_keep_their_order_and_confidence() -> None:
    given = {"alternatives": [{"text": "没有", "confidence": 12.5}, {"text": "没油", "confidence": 11.0}, {"text": ""}]}
    found = read_result(given, 1.0)
    assert found.hypotheses == (Hypothesis("没有", 12.5), Hypothesis("没油", 11.0))


def test_an_empty_result_is_nothing() -> None:
    assert read_result({"text": ""}, 1.0) == NOTHING
    assert read_result({}, 1.0) == NOTHING
