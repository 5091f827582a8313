"""What travels on the speech worker's Unix socket, besides the media worker's ``Stream…`` frames.

Requests come from the server and the jobs process, replies and events go back on the same link.
"""

from enum import Enum

import msgspec

from vocabulary.audio_frame import StreamMessage


class Expected(Enum):
    """What is listened for; decides how an utterance is decoded."""

    ANSWER = "answer"  # one short answer: eight readings, then the stream is done
    FREE = "free"  # running speech: every utterance until silence
    SAFETY = "safety"  # running speech of which only safety words are reported; first to be shed


class OpenListening(msgspec.Struct, tag="open_listening", frozen=True):
    """Listen on a stream that a media worker sends, or is about to send.

    Attributes:
        stream: the identifier given to ``Leg.listen``.
        expected: see Expected.
        silence_s, end_s, max_s: see endpointing.Endpointing; seconds.
    """

    stream: str
    expected: Expected
    silence_s: float
    end_s: float
    max_s: float


class CloseListening(msgspec.Struct, tag="close_listening", frozen=True):
    """Nobody waits for this stream's words any more."""

    stream: str


class Transcribe(msgspec.Struct, tag="transcribe", frozen=True):
    """Transcribe a recording on this machine's disk.

    Attributes:
        request: chosen by the asker, comes back in the answer.
        path: absolute, a mono or stereo WAV of A-law, µ-law or 16-bit PCM at 8 000 Hz.
    """

    request: str
    path: str


class AskState(msgspec.Struct, tag="ask_state", frozen=True):
    """Ask for a WorkerState now."""


Request = OpenListening | CloseListening | Transcribe | AskState
Incoming = Request | StreamMessage
"""All that the worker's socket accepts: media links and control links are told apart by what they send."""


class Reading(msgspec.Struct, frozen=True):
    """One hypothesis of an utterance."""

    text: str
    log_probability: float


class SpeechStarted(msgspec.Struct, tag="speech_started", frozen=True):
    """Somebody began to speak; time for a prompt to stop."""

    stream: str
    started_s: float


class TurnEnded(msgspec.Struct, tag="turn_ended", frozen=True):
    """An utterance and its words.

    Attributes:
        text: best reading after the guards, "" if none is trusted.
        hypotheses: best first.
        started_s, ended_s: stream time of first and last voice.
        recognised: False when it was shed (queue full, deadline passed): speech was heard, words are not known.
    """

    stream: str
    text: str
    hypotheses: list[Reading]
    started_s: float
    ended_s: float
    recognised: bool = True


class SilenceHeard(msgspec.Struct, tag="silence", frozen=True):
    """Nobody spoke for ``silence_s`` since the stream opened or since the last words."""

    stream: str


class SafetyHeard(msgspec.Struct, tag="safety", frozen=True):
    """A safety word was said, in any stream whatever was expected."""

    stream: str
    word: str
    text: str


class ListeningRefused(msgspec.Struct, tag="refused", frozen=True):
    """Nothing can be heard on this stream: the recogniser is missing, still loading, or shed this listener."""

    stream: str
    reason: str


class StreamEnded(msgspec.Struct, tag="stream_ended", frozen=True):
    """The media worker closed the stream and every word of it has been reported."""

    stream: str


class Said(msgspec.Struct, frozen=True):
    """One utterance of a transcript; ``speaker`` is ``caller`` or ``hotline``."""

    speaker: str
    started_s: float
    ended_s: float
    text: str


class Transcribed(msgspec.Struct, tag="transcribed", frozen=True):
    """The answer to Transcribe."""

    request: str
    backend: str
    model: str
    duration_s: float
    segments: list[Said]


class TranscriptionFailed(msgspec.Struct, tag="transcription_failed", frozen=True):
    """The other answer to Transcribe.

    Attributes:
        unavailable: True when waiting helps (recogniser missing or overloaded), False when the file is at fault.
    """

    request: str
    reason: str
    unavailable: bool


class WorkerState(msgspec.Struct, tag="state", frozen=True):
    """How the worker is.

    Attributes:
        model_state: ``loading``, ``ready`` or ``missing``.
        detail: why it is missing, "" otherwise.
        safety_listen_skipped_total: utterances of SAFETY listeners that were shed.
        turns_shed_total: utterances of other listeners that were shed.
    """

    model_state: str
    detail: str
    backend: str
    model: str
    queue_length: int
    turns_total: int
    turns_shed_total: int
    safety_listen_skipped_total: int


StreamEvent = SpeechStarted | TurnEnded | SilenceHeard | SafetyHeard | ListeningRefused | StreamEnded
Reply = StreamEvent | Transcribed | TranscriptionFailed | WorkerState
