"""What the transcription job needs of the store and the speech worker."""

from pathlib import Path
from typing import Any, Protocol

from asr.messages import Transcribed
from asr.transcript import Transcript


class TranscriptRepository(Protocol):
    """Transcripts of one unit of work."""

    def add(self, transcript: Transcript) -> None:
        """Keep a new one; at commit AlreadyExists, if its recording has one."""
        ...

    async def of_recording(self, recording: str) -> Transcript | None:
        """The transcript of a recording, None if there is none yet."""
        ...


class KeptRecording(Protocol):
    """A durable recording, as far as this room looks at it."""

    @property
    def key(self) -> str:
        """Where its bytes stand."""
        ...

    @property
    def call_id(self) -> str:
        """Its call."""
        ...


class RecordingRows(Protocol):
    """Rows of recordings."""

    async def get(self, recording_id: str) -> KeptRecording | None:
        """One row, None if it is unknown."""
        ...


class EventSink(Protocol):
    """The outbox of events in the same transaction."""

    def append(self, topic: str, payload: dict[str, Any]) -> None:
        """Tell the other rooms, when the unit commits."""
        ...


class TranscriptUnitOfWork(Protocol):
    """One transaction."""

    @property
    def transcripts(self) -> TranscriptRepository:
        """Transcripts."""
        ...

    @property
    def recordings(self) -> RecordingRows:
        """Recordings."""
        ...

    @property
    def events(self) -> EventSink:
        """Events."""
        ...

    async def commit(self) -> None:
        """Write all.

        Raises:
            AlreadyExists: somebody else wrote the same transcript meanwhile.
        """
        ...

    async def __aenter__(self) -> "TranscriptUnitOfWork": ...

    async def __aexit__(self, *exc: Any) -> None: ...


class UnitsOfWork(Protocol):
    """Makes units of work."""

    def __call__(self) -> TranscriptUnitOfWork:
        """A new one."""
        ...


class RecordingFiles(Protocol):
    """The bytes of recordings; ``store.recordings.Recordings`` serves it."""

    async def local_file(self, key: str, scratch: Path) -> Path:
        """A file on this machine; a copy in ``scratch`` when they stand in a bucket."""
        ...


class Transcriber(Protocol):
    """The speech worker; ``asr.speech_client.SpeechClient`` serves it."""

    async def transcribe(self, path: Path) -> Transcribed:
        """Words of both channels.

        Raises:
            RecogniserUnavailable: ask again later.
            AudioRefused: asking again does not help.
        """
        ...
