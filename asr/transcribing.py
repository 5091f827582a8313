"""A recording's words, both channels, one utterance at a time, so that live turns can go between."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from asr.audio import read_channel, wav_shape
from asr.endpointing import RECORDING
from asr.recogniser import Recogniser
from asr.transcript import Speaker, TranscriptSegment
from asr.voice_activity import SpeechSplitter, Utterance


@dataclass(frozen=True, slots=True)
class Step:
    """A little more of a recording is done.

    Attributes:
        segment: what was said in it; None for a stretch without trustworthy words.
    """

    segment: TranscriptSegment | None


_SPEAKERS = (Speaker.CALLER, Speaker.HOTLINE)


def utterances(path: Path, channel: int) -> Iterator[Utterance | None]:
    """Utterances of one channel, in order; None after each block of audio, so that the work can be interrupted.

    Raises:
        AudioRefused: see audio.wav_shape.
    """
    splitter = SpeechSplitter(RECORDING)
    for block in read_channel(path, wav_shape(path), channel):
        yield from (each for each in splitter.feed(block) if isinstance(each, Utterance))
        yield None
    yield from (each for each in splitter.finish() if isinstance(each, Utterance))


def transcribe(path: Path, recogniser: Recogniser) -> Iterator[Step]:
    """Work through a recording; memory holds one block and one utterance, whatever its length.

    Raises:
        AudioRefused: the file cannot be read.
    """
    shape = wav_shape(path)
    for channel, speaker in enumerate(_SPEAKERS[: shape.channels]):
        for utterance in utterances(path, channel):
            yield Step(None if utterance is None else _segment(utterance, speaker, recogniser))


def _segment(utterance: Utterance, speaker: Speaker, recogniser: Recogniser) -> TranscriptSegment | None:
    text = recogniser.recognise(utterance.audio).text
    if not text:
        return None
    return TranscriptSegment(speaker, round(utterance.started_s, 2), round(utterance.ended_s, 2), text)
