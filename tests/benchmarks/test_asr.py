"""What the figures of recognition count."""

from pathlib import Path

import pytest

from benchmarks.asr import Tally, count_answer, count_text
from tests.asr.clips import SPEECH
from tests.asr.test_speech_process import Parrot

pytestmark = pytest.mark.unit


def test_errors_are_counted_over_characters_of_speech_only() -> None:
    tally = Tally()
    count_text(tally, {"kind": "heat", "text": "室温十六度"}, "室溫16度。")
    count_text(tally, {"kind": "heat", "text": "不热"}, "不了")
    count_text(tally, {"kind": "nonspeech", "text": ""}, "谢谢观看!")
    assert (tally.errors, tally.characters, tally.phantom) == (1, 7, 4)
    assert tally.cer == round(1 / 7, 4)


@pytest.mark.parametrize(
    ("heard", "counted"),
    [("没有修好", (1, 0, 0)), ("没有", (1, 0, 0)), ("修好了", (0, 1, 0)), ("漏气了", (0, 1, 0)), ("母亲", (0, 0, 1))],
)
def test_an_answer_is_right_wrong_or_unsure(heard: str, counted: tuple[int, int, int]) -> None:
    pytest.importorskip("faster_whisper", reason="the speech extra is not installed")
    tally = Tally()
    row = {"file": "s11_a.wav", "text": "没有修好", "state": "ASK_RESOLVED", "intent": "not_resolved"}
    count_answer(tally, row, Path(SPEECH) / "s11_a.wav", Parrot(heard))
    assert (tally.right, tally.wrong, tally.unsure) == counted
