"""Audio of legs: gaps become silence, doubles are dropped, what came early is kept."""

import asyncio

import numpy as np
import pytest

from asr.endpointing import ANSWER
from asr.messages import Expected
from asr.streams import Listened, Streams
from asr.voice_activity import SpeechSplitter, SplitEvent, Utterance
from tests.asr.clips import alaw_of
from vocabulary.audio_frame import StreamAudio, StreamClosed

pytestmark = pytest.mark.unit
pytest.importorskip("faster_whisper", reason="the speech extra is not installed")


@pytest.fixture
def listened() -> Listened:
    return Listened("s", Expected.ANSWER, SpeechSplitter(ANSWER))


def test_a_gap_becomes_silence_of_the_same_length(listened: Listened) -> None:
    listened.take(StreamAudio("s", 0, bytes([0xAA]) * 160))
    listened.take(StreamAudio("s", 480, bytes([0xAA]) * 160))
    samples = np.concatenate(listened.pending)
    assert len(samples) == 640
    assert not samples[160:480].any()


def test_audio_that_came_twice_is_taken_once(listened: Listened) -> None:
    listened.take(StreamAudio("s", 0, bytes(160)))
    listened.take(StreamAudio("s", 80, bytes(160)))
    listened.take(StreamAudio("s", 0, bytes(160)))
    assert sum(len(part) for part in listened.pending) == 240


def test_a_huge_gap_fills_no_memory(listened: Listened) -> None:
    listened.take(StreamAudio("s", 8000 * 3600, bytes(160)))
    assert sum(len(part) for part in listened.pending) <= 16_160


async def run_until_end(streams: Streams, done: asyncio.Event) -> None:
    serving = asyncio.create_task(streams.run())
    try:
        await asyncio.wait_for(done.wait(), 20)
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        streams.shut()


async def test_a_stream_that_was_over_before_anybody_asked_is_still_heard() -> None:
    found: list[SplitEvent | None] = []
    done = asyncio.Event()

    def heard(_listened: Listened, event: SplitEvent | None) -> None:
        found.append(event)
        if event is None:
            done.set()

    streams = Streams(heard)
    alaw = alaw_of("s11_a.wav")
    for at in range(0, len(alaw), 160):
        streams.receive(StreamAudio("s", at, alaw[at : at + 160]))
    streams.receive(StreamClosed("s"))
    streams.open("s", Expected.ANSWER, ANSWER)
    await run_until_end(streams, done)
    assert [type(event) for event in found].count(Utterance) == 1
    assert found[-1] is None
    assert len(streams) == 0


async def test_a_stream_that_nobody_waits_for_any_more_is_silent() -> None:
    found: list[str] = []
    done = asyncio.Event()

    def heard(listened: Listened, event: SplitEvent | None) -> None:
        found.append(listened.stream)
        if event is None:
            done.set()

    streams = Streams(heard)
    for name in ("closed", "open"):
        streams.open(name, Expected.ANSWER, ANSWER)
    streams.close("closed")
    for name in ("closed", "open"):
        streams.receive(StreamAudio(name, 0, alaw_of("s11_a.wav")))
        streams.receive(StreamClosed(name))
    await run_until_end(streams, done)
    assert set(found) == {"open"}
    assert streams.count(Expected.ANSWER) == 0
