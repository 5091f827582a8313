"""AsrError
├── RecogniserMissing      the engine or its weights are not installed; carries what to install
├── RecogniserUnavailable  the speech worker is away, or its model is missing or still loading
├── SpeechOverloaded       the queue is full or the deadline passed before the turn was recognised
└── AudioRefused           a recording is not a stereo or mono WAV that this room reads; carries the path
"""

from vocabulary.errors import NuanxianError


class AsrError(NuanxianError):
    """The root of this room's errors."""


class RecogniserMissing(AsrError):
    """The engine or its weights are not on this machine.

    Args:
        backend: the configured engine.
        remedy: what a person does about it, e.g. ``pip install 'nuanxian[speech]'``.
    """

    def __init__(self, backend: str, remedy: str) -> None:
        super().__init__(f"speech recogniser {backend} is missing: {remedy}")
        self.backend = backend
        self.remedy = remedy


class RecogniserUnavailable(AsrError):
    """Nothing can be recognised now; calls go on with keys, jobs wait."""


class SpeechOverloaded(AsrError):
    """More was said than this machine can recognise in time; the turn was dropped."""


class AudioRefused(AsrError):
    """A recording cannot be read.

    Args:
        path: the file.
        reason: what is wrong with it.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path = path
        self.reason = reason
