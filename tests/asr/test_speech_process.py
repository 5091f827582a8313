"""The speech worker over real sockets: media links bring audio, control links get events."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from asr.endpointing import ANSWER, MESSAGE, SPOTTING
from asr.engines import Backend, EngineChoice
from asr.errors import AudioRefused, RecogniserMissing, RecogniserUnavailable
from asr.messages import (
    Expected,
    ListeningRefused,
    SafetyHeard,
    SilenceHeard,
    SpeechStarted,
    StreamEnded,
    StreamEvent,
    TurnEnded,
)
from asr.recogniser import Audio, Hypothesis, Recogniser, Recognition, Segment
from asr.speech_client import SpeechClient, SpeechStream
from asr.speech_process import SpeechConfig, SpeechWorker
from asr.weights import BASE
from tests.asr.clips import SPEECH, alaw_of
from vocabulary.audio_frame import StreamAudio, StreamClosed, StreamOpened
from vocabulary.clock import SystemClock
from vocabulary.framing import frame

pytestmark = pytest.mark.unit
pytest.importorskip("faster_whisper", reason="the speech extra is not installed")


class Parrot:
    """A recogniser that always hears the same."""

    backend = "parrot"
    model = "parrot"

    def __init__(self, text: str) -> None:
        self.text = text
        self.heard_s: list[float] = []

    def recognise(self, audio: Audio, *, alternatives: int = 1) -> Recognition:
        self.heard_s.append(len(audio) / 16_000)
        return Recognition(self.text, (Segment(self.text, 0.0, 1.0),), (Hypothesis(self.text, -1.0),))


def missing(_choice: EngineChoice) -> Recogniser:
    raise RecogniserMissing("faster-whisper", "pip install 'nuanxian[speech]'")


@asynccontextmanager
async def worker(
    tmp_path: Path, engine: Callable[[EngineChoice], Recogniser], **settings: int
) -> AsyncIterator[SpeechClient]:
    config = SpeechConfig(
        tmp_path / "s.sock", EngineChoice(Backend.FASTER_WHISPER, BASE, tmp_path), live_nice=0, batch_nice=0, **settings
    )
    ready = asyncio.Event()
    serving = asyncio.create_task(SpeechWorker(config, SystemClock(), engine).serve(ready))
    await asyncio.wait_for(ready.wait(), 10)
    client = SpeechClient(config.socket, SystemClock())
    client.start()
    assert await client.wait_connected(10)
    try:
        yield client
    finally:
        await client.stop()
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)


async def settled_state(client: SpeechClient) -> str:
    """The model's state once it is no longer loading."""
    async with asyncio.timeout(30):
        while (state := (await client.state()).model_state) == "loading":
            await asyncio.sleep(0.01)
    return state


async def send(client: SpeechClient, stream: str, alaw: bytes, *, close: bool = True) -> None:
    """What a media worker does with one leg's audio, faster than life."""
    _, writer = await asyncio.open_unix_connection(str(client.socket))
    writer.write(frame(StreamOpened(stream)))
    for at in range(0, len(alaw), 160):
        writer.write(frame(StreamAudio(stream, at, alaw[at : at + 160])))
    if close:
        writer.write(frame(StreamClosed(stream)))
    await writer.drain()
    writer.close()


async def events_until(stream: SpeechStream, last: type[StreamEvent]) -> list[StreamEvent]:
    found: list[StreamEvent] = []
    async with asyncio.timeout(30):
        while not found or not isinstance(found[-1], last):
            found.append(await stream.next_event())
    return found


def names(events: list[StreamEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


SPOKEN = alaw_of("s11_a.wav")
SILENCE = bytes([0xD5]) * 8000


async def test_an_answer_gives_its_beginning_then_its_words_and_times(tmp_path: Path) -> None:
    async with (
        worker(tmp_path, lambda _choice: Parrot("没有修好")) as client,
        client.open_stream("a", Expected.ANSWER, ANSWER) as stream,
    ):
        await send(client, "a", SILENCE + SPOKEN + SILENCE, close=False)
        events = await events_until(stream, TurnEnded)
    assert names(events) == ["SpeechStarted", "TurnEnded"]
    began, turn = events
    assert isinstance(began, SpeechStarted)
    assert isinstance(turn, TurnEnded)
    assert turn.text == "没有修好"
    assert turn.hypotheses[0].text == "没有修好"
    assert 1.0 < began.started_s == turn.started_s < turn.ended_s < 1.0 + len(SPOKEN) / 8000


async def test_audio_that_comes_before_anybody_asked_is_not_lost(tmp_path: Path) -> None:
    async with worker(tmp_path, lambda _choice: Parrot("好的")) as client:
        await send(client, "early", SPOKEN)
        await client.state()  # the worker has read something since
        async with client.open_stream("early", Expected.ANSWER, ANSWER) as stream:
            events = await events_until(stream, TurnEnded)
    assert "TurnEnded" in names(events)


async def test_silence_is_reported_once_and_gives_no_words(tmp_path: Path) -> None:
    parrot = Parrot("谢谢观看")
    async with (
        worker(tmp_path, lambda _choice: parrot) as client,
        client.open_stream("quiet", Expected.FREE, MESSAGE) as stream,
    ):
        await send(client, "quiet", SILENCE * 12)
        events = await events_until(stream, StreamEnded)
    assert names(events) == ["SilenceHeard", "StreamEnded"]
    assert parrot.heard_s == []


async def test_a_safety_word_in_a_message_is_told_before_the_words(tmp_path: Path) -> None:
    async with (
        worker(tmp_path, lambda _choice: Parrot("厨房里有没气味")) as client,
        client.open_stream("m", Expected.FREE, MESSAGE) as stream,
    ):
        await send(client, "m", SPOKEN)
        events = await events_until(stream, StreamEnded)
    assert names(events) == ["SpeechStarted", "SafetyHeard", "TurnEnded", "StreamEnded"]
    assert isinstance(events[1], SafetyHeard)
    assert events[1].word == "煤气味"


async def test_listening_for_safety_words_reports_nothing_else(tmp_path: Path) -> None:
    async with (
        worker(tmp_path, lambda _choice: Parrot("暖气不热")) as client,
        client.open_stream("w", Expected.SAFETY, SPOTTING) as stream,
    ):
        await send(client, "w", SPOKEN)
        events = await events_until(stream, StreamEnded)
    assert names(events) == ["SpeechStarted", "StreamEnded"]


async def test_safety_listening_beyond_the_limit_is_shed_and_counted(tmp_path: Path) -> None:
    async with (
        worker(tmp_path, lambda _choice: Parrot(""), safety_streams=1) as client,
        client.open_stream("one", Expected.SAFETY, SPOTTING),
        client.open_stream("two", Expected.SAFETY, SPOTTING) as refused,
    ):
        events = await events_until(refused, ListeningRefused)
        state = await client.state()
    assert names(events) == ["ListeningRefused"]
    assert state.safety_listen_skipped_total == 1


async def test_without_a_recogniser_a_listener_is_told_why_at_once(tmp_path: Path) -> None:
    async with worker(tmp_path, missing) as client:
        assert await settled_state(client) == "missing"
        async with client.open_stream("a", Expected.ANSWER, ANSWER) as stream:
            (refused,) = await events_until(stream, ListeningRefused)
    assert isinstance(refused, ListeningRefused)
    assert "pip install" in refused.reason


async def test_without_a_recogniser_a_transcript_has_to_wait(tmp_path: Path) -> None:
    async with worker(tmp_path, missing) as client:
        with pytest.raises(RecogniserUnavailable, match="pip install"):
            await client.transcribe(SPEECH / "s01_a.wav")


async def test_a_file_that_is_no_recording_is_refused_for_good(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"nothing of the kind")
    async with worker(tmp_path, lambda _choice: Parrot("")) as client:
        with pytest.raises(AudioRefused):
            await client.transcribe(broken)


async def test_a_worker_that_is_away_is_said_at_once(tmp_path: Path) -> None:
    client = SpeechClient(tmp_path / "nobody.sock", SystemClock())
    stream = client.open_stream("a", Expected.ANSWER, ANSWER)
    assert isinstance(await stream.next_event(), ListeningRefused)
    with pytest.raises(RecogniserUnavailable):
        await client.transcribe(SPEECH / "s01_a.wav")


async def test_listeners_are_told_when_the_worker_dies(tmp_path: Path) -> None:
    async with worker(tmp_path, lambda _choice: Parrot("")) as client:
        stream = client.open_stream("a", Expected.ANSWER, ANSWER)
        await client.state()
    assert isinstance(await asyncio.wait_for(stream.next_event(), 10), ListeningRefused)


async def test_garbage_on_a_link_ends_that_link_only(tmp_path: Path) -> None:
    async with worker(tmp_path, lambda _choice: Parrot("")) as client:
        reader, writer = await asyncio.open_unix_connection(str(client.socket))
        writer.write(struct.pack(">I", 5) + b"\xff\xff\xff\xff\xff")
        assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        assert (await client.state()).turns_total == 0


async def test_a_turn_that_cannot_be_recognised_in_time_is_reported_as_shed(tmp_path: Path) -> None:
    async with (
        worker(tmp_path, lambda _choice: Parrot("好的"), deadline_s=-1) as client,
        client.open_stream("late", Expected.ANSWER, ANSWER) as stream,
    ):
        await send(client, "late", SPOKEN)
        events = await events_until(stream, TurnEnded)
        state = await client.state()
    assert isinstance(events[-1], TurnEnded)
    assert not events[-1].recognised
    assert state.turns_shed_total == 1


async def test_both_channels_of_a_recording_become_segments_with_their_speaker(
    tmp_path: Path, stereo: Callable[[bytes, bytes], Path]
) -> None:
    recording = stereo(SILENCE + SPOKEN + SILENCE, SILENCE * 6 + SPOKEN)
    async with worker(tmp_path, lambda _choice: Parrot("修好了")) as client:
        done = await asyncio.wait_for(client.transcribe(recording), 60)
    assert [said.speaker for said in done.segments] == ["caller", "hotline"]
    assert done.segments[0].started_s < 2 < 6 < done.segments[1].started_s
    assert done.duration_s == pytest.approx(6 + len(SPOKEN) / 8000, abs=0.03)


async def test_silence_heard_is_followed_by_words_that_come_later(tmp_path: Path) -> None:
    async with (
        worker(tmp_path, lambda _choice: Parrot("喂")) as client,
        client.open_stream("s", Expected.ANSWER, ANSWER) as stream,
    ):
        await send(client, "s", SILENCE * 7 + SPOKEN + SILENCE)
        events = await events_until(stream, TurnEnded)
    assert names(events) == ["SilenceHeard", "SpeechStarted", "TurnEnded"]
    assert isinstance(events[0], SilenceHeard)


def test_the_clips_used_here_hold_speech() -> None:
    assert np.frombuffer(SPOKEN, np.uint8).std() > 0
