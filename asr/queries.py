"""What screens read of transcripts; ``store`` answers."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from asr.transcript import TranscriptSegment


@dataclass(frozen=True, slots=True)
class TranscriptRow:
    """See transcript.Transcript."""

    id: str
    recording: str
    call: str
    created_at: datetime
    backend: str
    model: str
    duration_s: float
    segments: tuple[TranscriptSegment, ...]
    draft: bool


class TranscriptQueries(Protocol):
    """Plain reads."""

    async def of_call(self, call: str) -> Sequence[TranscriptRow]:
        """A call's transcripts, in the order of its recordings."""
        ...

    async def of_recording(self, recording: str) -> TranscriptRow | None:
        """One recording's, None while it is not ready."""
        ...
