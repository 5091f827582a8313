"""Vosk behind the port: a site's own Kaldi model, small and quick, given by its path."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np

from asr.chinese_text import simplified
from asr.errors import RecogniserMissing
from asr.recogniser import ASR_RATE_HZ, NOTHING, Audio, Hypothesis, Recognition, Segment

log = logging.getLogger(__name__)


class Vosk:
    """See recogniser.Recogniser.

    Args:
        model: folder of an unpacked Vosk model, e.g. ``vosk-model-small-cn-0.22``.
    Raises:
        RecogniserMissing: vosk or the model is not here.
    """

    backend = "vosk"

    def __init__(self, model: str) -> None:
        try:
            import vosk
        except ImportError as error:
            raise RecogniserMissing(self.backend, "pip install 'nuanxian[vosk]'") from error
        if not (Path(model) / "am").is_dir() and not (Path(model) / "final.mdl").is_file():
            raise RecogniserMissing(self.backend, f"{model} is no Vosk model (download one and set its path)")
        vosk.SetLogLevel(-1)
        self.model = Path(model).name
        self._model: Any = vosk.Model(model)
        self._new_recogniser: Any = vosk.KaldiRecognizer

    def recognise(self, audio: Audio, *, alternatives: int = 1) -> Recognition:
        """See Recogniser.recognise."""
        recogniser = self._new_recogniser(self._model, ASR_RATE_HZ)
        if alternatives > 1:
            recogniser.SetMaxAlternatives(alternatives)
        recogniser.AcceptWaveform((np.clip(audio, -1, 1) * 32767).astype("<i2").tobytes())
        return read_result(json.loads(recogniser.FinalResult()), len(audio) / ASR_RATE_HZ)


def read_result(result: dict[str, Any], spoken_s: float) -> Recognition:
    """Vosk's JSON, with or without alternatives, as a Recognition; blanks between words are Vosk's own."""
    found = result.get("alternatives") or [{"text": result.get("text", ""), "confidence": 0.0}]
    hypotheses = tuple(
        Hypothesis(text, float(each.get("confidence", 0.0)))
        for each in found
        if (text := simplified(str(each.get("text", "")).replace(" ", "")))
    )
    if not hypotheses:
        return NOTHING
    best = hypotheses[0].text
    return Recognition(best, (Segment(best, 0.0, spoken_s),), hypotheses)
