"""Configuration picks the engine; a missing one says what to install."""

import sys
from pathlib import Path

import pytest

from asr.engines import Backend, EngineChoice, load
from asr.errors import RecogniserMissing

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("backend", "module", "remedy"),
    [
        (Backend.FASTER_WHISPER, "faster_whisper", "speech"),
        (Backend.OPENAI_WHISPER, "whisper", "whisper-reference"),
        (Backend.VOSK, "vosk", "vosk"),
    ],
)
def test_an_engine_that_is_not_installed_names_its_extra(
    backend: Backend, module: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RecogniserMissing) as missing:
        load(EngineChoice(backend, "whisper-base", tmp_path))
    assert missing.value.backend == backend.value
    assert f"nuanxian[{remedy}]" in missing.value.remedy


def test_vosk_without_a_model_asks_for_its_path(tmp_path: Path) -> None:
    pytest.importorskip("vosk", reason="the vosk extra is not installed")
    with pytest.raises(RecogniserMissing, match="no Vosk model"):
        load(EngineChoice(Backend.VOSK, str(tmp_path), tmp_path))


def test_a_models_folder_does_not_show_in_transcripts(tmp_path: Path) -> None:
    assert EngineChoice(Backend.VOSK, "/srv/models/vosk-cn", tmp_path).shown_model == "vosk-cn"
    assert EngineChoice(Backend.FASTER_WHISPER, "whisper-base", tmp_path).shown_model == "whisper-base"
