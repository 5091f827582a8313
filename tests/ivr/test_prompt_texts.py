"""Every prompt that the answering side plays stands in the dialogues' texts."""

import re
from pathlib import Path

import pytest

from ivr.prompts import read_texts

pytestmark = pytest.mark.unit

ROOT = Path(__file__).parents[2]
SOURCES = [
    "ivr/reception.py",
    "ivr/talk.py",
    "ivr/waiting.py",
    "ivr/leak_lane.py",
    "ivr/message_taking.py",
    "ivr/rating.py",
]
KEY = re.compile(r'"((?:reception|leak|message|rating|seat|piece)\.[a-z_]+)"')


@pytest.mark.parametrize("source", [*SOURCES, "seats/short_codes.py"])
def test_what_is_played_has_a_text(source: str) -> None:
    played = set(KEY.findall((ROOT / source).read_text(encoding="utf-8")))
    assert played <= set(read_texts())


def test_the_greeting_names_the_hotline_the_recording_and_the_leak_key() -> None:
    assert read_texts()["reception.greeting"] == "青岛能源九六五五六,通话录音,燃气漏气请按一。"


def test_the_safety_text_says_what_the_domain_rules_say() -> None:
    text = read_texts()["leak.safety"]
    for words in ("到室外", "不要关电器、点火、按门铃、坐电梯", "关阀、开窗"):
        assert words in text
