"""Silero VAD v6 (inside faster-whisper), a stream at a time, and the utterances that it cuts out."""

import logging
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asr.endpointing import WINDOW_S, WINDOW_SAMPLES, Endpointer, Endpointing, NobodySpoke, SpeechBegan, SpeechEnded
from asr.errors import RecogniserMissing
from asr.recogniser import ASR_RATE_HZ, Audio

log = logging.getLogger(__name__)

_CONTEXT_SAMPLES = 64
_SPEECH_EXTRA = "pip install 'nuanxian[speech]'"


@lru_cache(maxsize=1)
def _session() -> Any:
    """The network, one thread; shared, since its state is handed in.

    Raises:
        RecogniserMissing: faster-whisper is not installed.
    """
    try:
        import onnxruntime
        from faster_whisper.utils import get_assets_path
    except ImportError as error:
        raise RecogniserMissing("silero-vad", _SPEECH_EXTRA) from error
    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 4
    model = str(Path(get_assets_path()) / "silero_vad_v6.onnx")
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def check_voice_activity() -> None:
    """Load the detector.

    Raises:
        RecogniserMissing: it is not installed.
    """
    _session()


class VoiceActivity:
    """Probabilities that a stream's 32 ms windows hold a voice."""

    def __init__(self) -> None:
        self._session = _session()
        self._h = np.zeros((1, 1, 128), np.float32)
        self._c = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)

    def probabilities(self, windows: npt.NDArray[np.float32]) -> list[float]:
        """One for each row of a (n, 512) array, in order; the state carries on."""
        before = np.vstack([self._context, windows[:-1, -_CONTEXT_SAMPLES:]])
        self._context = windows[-1, -_CONTEXT_SAMPLES:].copy()
        batch = np.concatenate([before, windows], axis=1)
        output, self._h, self._c = self._session.run(None, {"input": batch, "h": self._h, "c": self._c})
        return [float(value) for value in np.asarray(output).reshape(-1)]


@dataclass(frozen=True, slots=True)
class Utterance:
    """Audio in which somebody speaks, with padding.

    Attributes:
        audio: 16 000 Hz.
        audio_at_s: stream time of its first sample.
        started_s, ended_s: stream time of first and last voice.
    """

    audio: Audio
    audio_at_s: float
    started_s: float
    ended_s: float


SplitEvent = SpeechBegan | NobodySpoke | Utterance


class SpeechSplitter:
    """One stream's audio in, utterances out; keeps no more than the utterance under way.

    Args:
        rules: see Endpointing.
    """

    def __init__(self, rules: Endpointing) -> None:
        self._activity = VoiceActivity()
        self._endpointer = Endpointer(rules)
        self._waiting = np.zeros(0, np.float32)
        self._kept: list[Audio] = []
        self._kept_at = 0  # stream time of the first kept sample, in samples

    def feed(self, audio: Audio) -> list[SplitEvent]:
        """What some more audio (16 000 Hz, any length) completes."""
        joined = np.concatenate([self._waiting, audio])
        count = len(joined) // WINDOW_SAMPLES
        self._waiting = joined[count * WINDOW_SAMPLES :]
        if count == 0:
            return []
        windows = joined[: count * WINDOW_SAMPLES].reshape(count, WINDOW_SAMPLES)
        found: list[SplitEvent] = []
        for window, probability in zip(windows, self._activity.probabilities(windows), strict=True):
            self._kept.append(window)
            found += [self._cut(turn) for turn in self._endpointer.feed(probability)]
            self._forget()
        return found

    def finish(self) -> list[SplitEvent]:
        """The stream ended."""
        found: list[SplitEvent] = []
        if len(self._waiting):
            found = self.feed(np.zeros(WINDOW_SAMPLES - len(self._waiting), np.float32))
        return found + [self._cut(turn) for turn in self._endpointer.finish()]

    def _cut(self, turn: SpeechBegan | SpeechEnded | NobodySpoke) -> SplitEvent:
        if not isinstance(turn, SpeechEnded):
            return turn
        pad_s = self._endpointer.rules.pad_s
        kept = np.concatenate(self._kept)
        begin = max(0, int((turn.started_s - pad_s) * ASR_RATE_HZ) - self._kept_at)
        end = int((turn.ended_s + pad_s) * ASR_RATE_HZ) - self._kept_at
        return Utterance(kept[begin:end], (self._kept_at + begin) / ASR_RATE_HZ, turn.started_s, turn.ended_s)

    def _forget(self) -> None:
        spare = int(self._endpointer.keep_from_s / WINDOW_S) - self._kept_at // WINDOW_SAMPLES
        if spare > 0:
            del self._kept[:spare]
            self._kept_at += spare * WINDOW_SAMPLES
