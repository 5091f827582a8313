"""Which recogniser stands behind the port: chosen by configuration, imported only then."""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from asr.recogniser import Recogniser
from asr.weights import BASE


class Backend(Enum):
    """The engines this program knows."""

    FASTER_WHISPER = "faster-whisper"
    OPENAI_WHISPER = "openai-whisper"
    VOSK = "vosk"


@dataclass(frozen=True, slots=True)
class EngineChoice:
    """What to load.

    Attributes:
        backend: see Backend.
        model: ``whisper-base`` or a path; vosk always needs a path, openai-whisper also takes a hub name.
        cache: folder for joined or converted weights.
        threads: of one decode; 1 beside calls on two cores.
    """

    backend: Backend
    model: str
    cache: Path
    threads: int = 1

    @property
    def shown_model(self) -> str:
        """The model's name for transcripts, without folders."""
        return self.model if self.model == BASE else Path(self.model).name


def load(choice: EngineChoice) -> Recogniser:
    """Import and load the engine; seconds of work, not for an event loop.

    Raises:
        RecogniserMissing: engine or weights are not installed; the message says what to do.
    """
    match choice.backend:
        case Backend.FASTER_WHISPER:
            from asr.faster_whisper import FasterWhisper

            return FasterWhisper(choice.model, cache=choice.cache, threads=choice.threads)
        case Backend.OPENAI_WHISPER:
            from asr.openai_whisper import OpenaiWhisper

            return OpenaiWhisper(choice.model, cache=choice.cache, threads=choice.threads)
        case Backend.VOSK:
            from asr.vosk import Vosk

            return Vosk(choice.model)
