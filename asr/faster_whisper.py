"""The default engine: Whisper in CTranslate2, with an encoder window that fits the utterance.

Whisper always encodes 30 s; CTranslate2 need not. ``max(10 s, speech + 1 s)`` costs a third; below 10 s short answers
come out twice. Temperature 0 and no conditioning, always: the fall-back ladder decodes a doubtful clip six times.
"""

import logging
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asr.chinese_text import simplified
from asr.errors import RecogniserMissing
from asr.guards import collapse_repeats, refusal
from asr.recogniser import ASR_RATE_HZ, MAX_UTTERANCE_S, NOTHING, Audio, Hypothesis, Recognition, Segment
from asr.weights import BASE, locate

log = logging.getLogger(__name__)

_FRAMES_PER_S = 100
_MIN_FRAMES, _SLACK_FRAMES, _MAX_FRAMES = 1000, 100, 3000
_TOKENS_PER_S, _TOKENS_SPARE = 10, 16
_MAX_ANSWER_TOKENS = 30
_MAX_TOKENS = 440
_BEAM = 5


class FasterWhisper:
    """See recogniser.Recogniser.

    Args:
        model: ``whisper-base`` or the folder of a CTranslate2 Whisper model.
        cache: folder for the joined weights.
        threads: of one decode.
    Raises:
        RecogniserMissing: faster-whisper or the weights are not here.
    """

    backend = "faster-whisper"

    def __init__(self, model: str = BASE, *, cache: Path, threads: int = 1) -> None:
        try:
            from faster_whisper import WhisperModel
            from faster_whisper.tokenizer import Tokenizer
        except ImportError as error:
            raise RecogniserMissing(self.backend, "pip install 'nuanxian[speech]'") from error
        folder = locate(model, cache)
        self.model = model if model == BASE else folder.name
        try:
            loaded = WhisperModel(
                str(folder), device="cpu", compute_type="int8", cpu_threads=threads, local_files_only=True
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise RecogniserMissing(self.backend, f"{folder} cannot be loaded: {error}") from error
        self._whisper: Any = loaded.model
        self._features: Any = loaded.feature_extractor
        self._tokenizer = Tokenizer(loaded.hf_tokenizer, True, task="transcribe", language="zh")
        self._suppressed = _suppressed_tokens(self._tokenizer)

    def recognise(self, audio: Audio, *, alternatives: int = 1) -> Recognition:
        """See Recogniser.recognise."""
        if not len(audio):
            return NOTHING
        audio = audio[: int(MAX_UTTERANCE_S * ASR_RATE_HZ)]
        spoken_s = len(audio) / ASR_RATE_HZ
        encoded = self._encode(audio)
        readings, no_speech = self._decode(encoded, spoken_s, alternatives)
        best = readings[0]
        why = refusal(best.text, no_speech)
        if why is not None:
            log.debug("reading dropped", extra={"reason": why})
            return Recognition("", dropped=why)
        text = collapse_repeats(best.text)
        hypotheses = tuple(
            Hypothesis(collapse_repeats(each.text), each.log_probability) for each in readings if each.text
        )
        segments = (Segment(text, 0.0, spoken_s),) if text else ()
        return Recognition(text, segments, hypotheses)

    def _encode(self, audio: Audio) -> Any:
        import ctranslate2

        features: npt.NDArray[np.float32] = self._features(audio)[:, :_MAX_FRAMES]
        content = len(audio) * _FRAMES_PER_S // ASR_RATE_HZ
        window = min(_MAX_FRAMES, max(_MIN_FRAMES, content + _SLACK_FRAMES))
        window += window % 2  # the encoder's second convolution halves it
        fitted = features[:, :window]
        if fitted.shape[1] < window:
            fitted = np.pad(fitted, ((0, 0), (0, window - fitted.shape[1])))
        batch = np.ascontiguousarray(fitted[np.newaxis], np.float32)
        return self._whisper.encode(ctranslate2.StorageView.from_array(batch))

    def _decode(self, encoded: Any, spoken_s: float, alternatives: int) -> tuple[list[Hypothesis], float]:
        prompt = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        new_tokens = int(_TOKENS_PER_S * spoken_s) + _TOKENS_SPARE
        new_tokens = min(new_tokens, _MAX_ANSWER_TOKENS) if alternatives > 1 else new_tokens
        result = self._whisper.generate(
            encoded,
            [prompt],
            beam_size=max(_BEAM, alternatives),
            num_hypotheses=alternatives,
            length_penalty=1.0,
            max_length=min(len(prompt) + new_tokens, _MAX_TOKENS),
            return_scores=True,
            return_no_speech_prob=True,
            suppress_blank=True,
            suppress_tokens=self._suppressed,
        )[0]
        readings = [
            Hypothesis(simplified(self._tokenizer.decode(tokens)), float(score) * (len(tokens) + 1))
            for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
        ]
        return readings, float(result.no_speech_prob)


def _suppressed_tokens(tokenizer: Any) -> list[int]:
    from faster_whisper.transcribe import get_suppressed_tokens

    return list(get_suppressed_tokens(tokenizer, [-1]))
