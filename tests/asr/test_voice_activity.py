"""A stream's audio in any pieces gives the same utterances, with their padding and times."""

import sys

import numpy as np
import pytest

from asr.endpointing import ANSWER, RECORDING, NobodySpoke, SpeechBegan
from asr.errors import RecogniserMissing
from asr.voice_activity import SpeechSplitter, SplitEvent, Utterance, VoiceActivity, check_voice_activity
from tests.asr.clips import audio_of

pytestmark = pytest.mark.unit
pytest.importorskip("faster_whisper", reason="the speech extra is not installed")

SPOKEN = np.concatenate([np.zeros(16_000, np.float32), audio_of("s11_a.wav"), np.zeros(16_000, np.float32)])


def split(piece_samples: int) -> list[SplitEvent]:
    splitter = SpeechSplitter(RECORDING)
    found: list[SplitEvent] = []
    for at in range(0, len(SPOKEN), piece_samples):
        found += splitter.feed(SPOKEN[at : at + piece_samples])
    return found + splitter.finish()


def test_the_size_of_the_pieces_makes_no_difference() -> None:
    whole, small = split(len(SPOKEN)), split(320)
    assert [type(event) for event in whole] == [type(event) for event in small] == [SpeechBegan, Utterance]
    first, second = whole[-1], small[-1]
    assert isinstance(first, Utterance)
    assert isinstance(second, Utterance)
    assert (first.started_s, first.ended_s) == (second.started_s, second.ended_s)
    assert np.allclose(first.audio, second.audio)


def test_an_utterance_carries_what_came_just_before_and_after_the_voice() -> None:
    said = split(320)[-1]
    assert isinstance(said, Utterance)
    assert said.audio_at_s == pytest.approx(said.started_s - RECORDING.pad_s, abs=0.001)
    assert len(said.audio) / 16_000 == pytest.approx(said.ended_s - said.started_s + 2 * RECORDING.pad_s, abs=0.001)
    begin = int(said.audio_at_s * 16_000)
    assert np.array_equal(said.audio, SPOKEN[begin : begin + len(said.audio)])


def test_an_hour_of_silence_keeps_no_audio() -> None:
    splitter = SpeechSplitter(ANSWER)
    events: list[SplitEvent] = []
    for _ in range(60):
        events += splitter.feed(np.zeros(16_000, np.float32))
    assert [type(event) for event in events] == [NobodySpoke]
    assert sum(len(part) for part in splitter._kept) <= 16_000


def test_the_state_of_one_stream_does_not_reach_another() -> None:
    windows = SPOKEN[: len(SPOKEN) // 512 * 512].reshape(-1, 512)
    first = VoiceActivity().probabilities(windows)
    VoiceActivity().probabilities(windows[::-1])
    assert VoiceActivity().probabilities(windows) == first


def test_a_missing_detector_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    from asr.voice_activity import _session

    _session.cache_clear()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(RecogniserMissing, match=r"nuanxian\[speech\]"):
        check_voice_activity()
    _session.cache_clear()
