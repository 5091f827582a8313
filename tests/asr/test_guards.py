"""Invented text is kept out, real short answers are kept."""

import pytest

from asr.guards import collapse_repeats, compression_ratio, refusal

pytestmark = pytest.mark.unit


def test_a_loop_is_said_once() -> None:
    assert collapse_repeats("暖气不热" * 5) == "暖气不热"
    assert collapse_repeats("我说 我说 我说 我说不热") == "我说不热"


def test_a_caller_may_say_yes_three_times() -> None:
    assert collapse_repeats("对对对") == "对对对"


def test_a_number_with_repeated_digits_stays() -> None:
    assert collapse_repeats("我的号码是13800000111") == "我的号码是13800000111"


@pytest.mark.parametrize(
    ("text", "no_speech", "reason"),
    [
        ("不满意", 0.2, None),
        ("不满意", 0.61, "no speech"),
        ("啊" * 100, 0.1, "repetitive"),
        ("请不吝点赞 订阅 转发", 0.1, "subtitle"),
        ("", 0.0, None),
    ],
)
def test_a_reading_is_refused_with_its_reason(text: str, no_speech: float, reason: str | None) -> None:
    assert refusal(text, no_speech) == reason


def test_short_text_never_looks_repetitive() -> None:
    assert compression_ratio("没有没有") < 2.4
    assert compression_ratio("") == 0.0
