"""Telephone audio as every room knows it, and the frame in which the media worker hands it to the speech worker."""

from dataclasses import dataclass
from pathlib import Path

import msgspec

RATE_HZ = 8000
"""Samples a second on a telephone line (G.711)."""
FRAME_SAMPLES = 160
"""Samples in one 20 ms frame; as A-law, 160 bytes."""
FRAME_S = FRAME_SAMPLES / RATE_HZ


@dataclass(frozen=True, slots=True)
class AudioFile:
    """A file of A-law at 8 000 Hz mono, without header, on this machine's disk.

    Attributes:
        path: one byte a sample.
        text: what it says, for the log, the transcript and people who cannot hear; "" for music and tones.
    """

    path: Path
    text: str = ""


class StreamOpened(msgspec.Struct, tag="opened", frozen=True):
    """First frame of one listened stream on a media → speech socket."""

    stream: str


class StreamAudio(msgspec.Struct, tag="audio", frozen=True):
    """Audio of one leg, as received, gaps filled with silence so that the offset is also the time.

    Attributes:
        stream: the identifier agreed when listening began.
        first_sample: offset of the first sample since the stream opened, at 8 000 Hz.
        alaw: one byte a sample; normally one 20 ms frame.
    """

    stream: str
    first_sample: int
    alaw: bytes


class StreamClosed(msgspec.Struct, tag="closed", frozen=True):
    """Nothing more comes on this stream: the leg ended or listening stopped."""

    stream: str


StreamMessage = StreamOpened | StreamAudio | StreamClosed
