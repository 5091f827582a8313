"""The port behind which every recognition engine stands: one utterance in, its words out."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

ASR_RATE_HZ = 16_000
"""What every engine here is given; telephone audio is raised from 8 000 Hz."""
MAX_UTTERANCE_S = 28.0
"""Whisper looks at 30 s at most; one second of padding and a margin are kept free."""

Audio = npt.NDArray[np.float32]
"""Mono, 16 000 Hz, −1 … 1."""


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One reading of an utterance.

    Attributes:
        text: simplified characters, guards not applied.
        log_probability: of the whole text, natural logarithm; only differences within one utterance mean anything.
    """

    text: str
    log_probability: float


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of speech inside the given audio; seconds from its first sample."""

    text: str
    started_s: float
    ended_s: float


@dataclass(frozen=True, slots=True)
class Recognition:
    """What an engine made of one utterance.

    Attributes:
        text: the best reading after the guards; "" when nothing trustworthy was said.
        segments: at least one when text is not empty.
        hypotheses: best first; more than one only if they were asked for and the engine can.
        dropped: why a reading was withheld (``no speech``, ``repetitive``), None if it was not.
    """

    text: str
    segments: tuple[Segment, ...] = ()
    hypotheses: tuple[Hypothesis, ...] = ()
    dropped: str | None = None


NOTHING = Recognition("")
"""What silence gives."""


class Recogniser(Protocol):
    """One loaded engine. Not thread-safe: each thread owns its own."""

    @property
    def backend(self) -> str:
        """``faster-whisper``, ``openai-whisper``, ``vosk``."""
        ...

    @property
    def model(self) -> str:
        """Which weights, as people name them, e.g. ``whisper-base``."""
        ...

    def recognise(self, audio: Audio, *, alternatives: int = 1) -> Recognition:
        """Recognise one utterance that a voice activity detector cut out.

        Args:
            audio: at most MAX_UTTERANCE_S; the caller pads nothing.
            alternatives: 1 for running speech (beam 5); 8 for a short answer whose readings are compared.
        """
        ...
