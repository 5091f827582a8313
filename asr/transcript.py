"""A transcript: what was said on one recording, by whom and when. Draft quality until a person has read it."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum


class Speaker(Enum):
    """Which side of the stereo recording: left the caller, right all that the hotline said."""

    CALLER = "caller"
    HOTLINE = "hotline"


@dataclass(frozen=True, slots=True)
class TranscriptSegment:
    """One utterance.

    Attributes:
        speaker: the channel it stood on.
        started_s, ended_s: seconds from the beginning of the recording.
        text: simplified characters, numerals as recognised.
    """

    speaker: Speaker
    started_s: float
    ended_s: float
    text: str


@dataclass(eq=False)
class Transcript:
    """One per recording, kept by ``store``.

    Attributes:
        id: ULID.
        recording: identifier of the recording; unique.
        call: identifier of the call the recording belongs to.
        created_at: aware, UTC.
        backend, model: what recognised it.
        duration_s: of the recording.
        segments: by start time; caller first where two begin together.
        draft: True until a person has confirmed it.
    """

    id: str
    recording: str
    call: str
    created_at: datetime
    backend: str
    model: str
    duration_s: float
    segments: tuple[TranscriptSegment, ...]
    draft: bool = True

    @property
    def caller_text(self) -> str:
        """What the caller said, in order, joined by Chinese commas."""
        return "，".join(part.text for part in self.segments if part.speaker is Speaker.CALLER)

    @property
    def text(self) -> str:
        """Both sides, one utterance a line, as people read it."""
        names = {Speaker.CALLER: "用户", Speaker.HOTLINE: "热线"}
        return "\n".join(f"{names[part.speaker]}：{part.text}" for part in self.segments)


def in_order(segments: list[TranscriptSegment]) -> tuple[TranscriptSegment, ...]:
    """Both channels merged by start time."""
    return tuple(sorted(segments, key=lambda part: (part.started_s, part.speaker is Speaker.HOTLINE)))
