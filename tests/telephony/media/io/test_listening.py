"""A leg's audio on its way to a speech worker's socket."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path

import pytest

from telephony.media.io import listening
from telephony.media.io.listening import ListenTap, SpeechLink, SpeechLinks
from tests.fakes.rtp_phone import tone, tone_seconds
from vocabulary.audio_frame import StreamAudio, StreamClosed, StreamMessage, StreamOpened
from vocabulary.framing import FrameReader

from ..conftest import Events, Hotline  # noqa: TID252 the fixture module of this room

pytestmark = pytest.mark.journey


class SpeechSocket:
    """Listens like a speech worker and keeps what comes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.heard = Events()
        self.connections = 0
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        self.connections += 1
        self._writers.append(writer)
        frames: FrameReader[StreamMessage] = FrameReader(StreamMessage)
        try:
            while data := await reader.read(65536):
                for message in frames.feed(data):
                    self.heard(message)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def drop(self) -> None:
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def close(self) -> None:
        if self._server is None:
            return
        self._server.close()
        self.drop()
        self.path.unlink(missing_ok=True)
        if self._serving:
            await asyncio.wait(self._serving, timeout=2)


@pytest.fixture
def socket_path(tmp_path: Path) -> Path:
    return tmp_path / "speech.sock"


@pytest.fixture
async def speech(socket_path: Path) -> AsyncIterator[SpeechSocket]:
    speech = SpeechSocket(socket_path)
    yield speech
    await speech.close()


async def test_what_the_party_says_arrives_in_frames_whose_offset_is_the_time(
    hotline: Hotline, speech: SpeechSocket, socket_path: Path
) -> None:
    await speech.open()
    a = await hotline.line("a", codec="pcmu", payload_type=0)
    hotline.worker.listen("a", "stream-1", str(socket_path))
    await speech.heard.first(StreamOpened)
    await a.phone.say(400, 0.5, payload_type=0)
    await speech.heard.first(StreamAudio, lambda frame: frame.first_sample >= 6000)
    hotline.worker.unlisten("a")
    await speech.heard.first(StreamClosed)
    frames = speech.heard.of(StreamAudio)
    lost = (await hotline.worker.counters("a")).listen_dropped  # before the socket was connected
    assert [frame.first_sample for frame in frames] == [n * 160 for n in range(lost, lost + len(frames))]
    assert {len(frame.alaw) for frame in frames} == {160}
    assert tone_seconds(b"".join(frame.alaw for frame in frames), 400) == pytest.approx(0.5, abs=0.12)


async def test_closing_the_leg_closes_the_stream(hotline: Hotline, speech: SpeechSocket, socket_path: Path) -> None:
    await speech.open()
    await hotline.line("a")
    hotline.worker.listen("a", "stream-1", str(socket_path))
    await speech.heard.first(StreamAudio)
    hotline.worker.close_leg("a")
    await speech.heard.first(StreamClosed)


async def test_an_absent_speech_worker_costs_frames_and_nothing_else(
    hotline: Hotline, speech: SpeechSocket, socket_path: Path
) -> None:
    a = await hotline.line("a")
    b = await hotline.line("b")
    hotline.worker.bridge("a", "b")
    hotline.worker.listen("a", "stream-1", str(socket_path))
    await a.phone.say(400, 0.3)
    await b.phone.until(lambda _: tone_seconds(b.phone.audio(), 400) >= 0.24)
    assert (await hotline.worker.counters("a")).listen_dropped >= 10
    await speech.open()  # it comes later and is found
    opened = await speech.heard.first(StreamOpened)
    frame = await speech.heard.first(StreamAudio)
    assert opened.stream == "stream-1"
    assert frame.first_sample > 1600


async def test_a_link_that_breaks_is_made_again_and_the_streams_announced_again(
    speech: SpeechSocket, socket_path: Path
) -> None:
    await speech.open()
    link = SpeechLink(str(socket_path))
    tap = ListenTap("stream-1", link)
    await speech.heard.first(StreamOpened)
    tap.heard(0, tone(400, 160))
    tap.tick()
    await speech.heard.first(StreamAudio)
    speech.heard.clear()
    speech.drop()
    await speech.heard.first(StreamOpened)
    assert speech.connections == 2
    link.close()


class FullTransport:
    """A transport whose peer does not read."""

    def __init__(self) -> None:
        self.written = 0

    def get_write_buffer_size(self) -> int:
        return self.written

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def close(self) -> None:
        self.written = 0


async def test_a_slow_speech_worker_loses_frames_but_never_holds_the_call_up(socket_path: Path) -> None:
    link = SpeechLink(str(socket_path))
    transport = FullTransport()
    link.connection_made(transport)  # type: ignore[arg-type]
    tap = ListenTap("stream-1", link)
    for _ in range(2000):
        tap.tick()
    assert tap.dropped > 500
    assert transport.written <= listening._BACKLOG_MAX_BYTES + 400
    link.close()


async def test_streams_to_one_socket_share_a_link(socket_path: Path) -> None:
    links = SpeechLinks()
    assert links.to(str(socket_path)) is links.to(str(socket_path))
    assert links.to("/elsewhere") is not links.to(str(socket_path))
    links.close()
