"""Vosk's answers become Recognitions."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from asr.recogniser import NOTHING, Hypothesis
from asr.vosk import Vosk, read_result

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


def test_audio_goes_to_vosk_as_16_bit_samples(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    class KaldiRecognizer:
        def __init__(self, model: object, rate_hz: int) -> None:
            given.append(rate_hz)

        def SetMaxAlternatives(self, count: int) -> None:  # noqa: N802 vosk's name
            given.append(count)

        def AcceptWaveform(self, data: bytes) -> None:  # noqa: N802 vosk's name
            given.append(data)

        def FinalResult(self) -> str:  # noqa: N802 vosk's name
            return '{"text": "修 好 了"}'

    vosk = SimpleNamespace(SetLogLevel=given.append, Model=str, KaldiRecognizer=KaldiRecognizer)
    monkeypatch.setitem(sys.modules, "vosk", vosk)
    (tmp_path / "am").mkdir()
    engine = Vosk(str(tmp_path))
    assert engine.recognise(np.array([0.0, 2.0], np.float32), alternatives=8).text == "修好了"
    assert given == [-1, 16_000, 8, b"\x00\x00\xff\x7f"]
    assert engine.model == tmp_path.name
