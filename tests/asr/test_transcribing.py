"""Recordings are worked through a step at a time; what is not speech never reaches the recogniser."""

from collections.abc import Callable
from pathlib import Path

import pytest

from asr.errors import AudioRefused
from asr.recogniser import Audio, Recognition
from asr.transcribing import transcribe
from asr.transcript import Speaker
from ivr.synthesis import encode_alaw, hold_music, tone
from tests.asr.clips import alaw_of

pytestmark = pytest.mark.unit
pytest.importorskip("faster_whisper", reason="the speech extra is not installed")

SECOND_OF_SILENCE = bytes([0xD5]) * 8000


class Counting:
    """A recogniser that counts what it is given."""

    backend = model = "counting"

    def __init__(self, text: str = "喂") -> None:
        self.text = text
        self.given_s: list[float] = []

    def recognise(self, audio: Audio, *, alternatives: int = 1) -> Recognition:
        self.given_s.append(len(audio) / 16_000)
        return Recognition(self.text)


def test_silence_tones_and_music_give_no_text(stereo: Callable[[bytes, bytes], Path]) -> None:
    hotline = encode_alaw(tone((1.0, 4.0))) + encode_alaw(hold_music(12.0)) + encode_alaw(tone((0.35, 0.35) * 6))
    engine = Counting("字幕由志愿者提供")
    steps = list(transcribe(stereo(SECOND_OF_SILENCE * 20, hotline), engine))
    assert [step.segment for step in steps if step.segment] == []
    assert engine.given_s == []


def test_each_side_keeps_its_words_and_times(stereo: Callable[[bytes, bytes], Path]) -> None:
    caller = SECOND_OF_SILENCE * 5 + alaw_of("s17_a.wav")
    hotline = SECOND_OF_SILENCE + alaw_of("s40_b.wav")
    said = [step.segment for step in transcribe(stereo(caller, hotline), Counting()) if step.segment]
    assert [(part.speaker, int(part.started_s)) for part in said] == [(Speaker.CALLER, 5), (Speaker.HOTLINE, 1)]


def test_a_long_speech_is_given_in_pieces_that_an_engine_can_take(stereo: Callable[[bytes, bytes], Path]) -> None:
    speech = alaw_of("s30_a.wav").replace(bytes([0xD5]) * 400, b"") * 12
    engine = Counting()
    list(transcribe(stereo(speech, b""), engine))
    assert engine.given_s
    assert max(engine.given_s) <= 28.0
    assert sum(engine.given_s) >= 0.7 * len(speech) / 8000


def test_words_that_are_not_trusted_make_no_segment(stereo: Callable[[bytes, bytes], Path]) -> None:
    steps = list(transcribe(stereo(alaw_of("s17_a.wav"), b""), Counting("")))
    assert all(step.segment is None for step in steps)


def test_the_work_can_be_interrupted_every_second(stereo: Callable[[bytes, bytes], Path]) -> None:
    steps = list(transcribe(stereo(SECOND_OF_SILENCE * 10, b""), Counting()))
    assert len(steps) >= 20


def test_a_file_that_is_no_recording_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioRefused):
        list(transcribe(tmp_path / "absent.wav", Counting()))
