"""Hands a leg's received audio to a speech worker, and never waits for it."""

import asyncio
import logging
from typing import cast

from telephony.media.core.g711 import ALAW_SILENCE
from telephony.media.core.jitter_buffer import JitterBuffer
from vocabulary.audio_frame import FRAME_SAMPLES, StreamAudio, StreamClosed, StreamMessage, StreamOpened
from vocabulary.framing import frame

log = logging.getLogger(__name__)

_BACKLOG_MAX_BYTES = 256 * 1024
"""About 30 s of one stream: a speech worker further behind is too slow, and frames are dropped."""
_RETRY_S = (0.05, 0.2, 0.5, 1.0, 2.0)
_SILENCE = bytes((ALAW_SILENCE,)) * FRAME_SAMPLES


class SpeechLink(asyncio.Protocol):
    """The connection to one speech worker's socket, shared by all streams that go there; connects again by itself.

    Args:
        path: of the Unix socket.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._transport: asyncio.Transport | None = None
        self._streams: set[str] = set()
        self._task: asyncio.Task[None] | None = None

    def open(self, stream: str) -> None:
        """Announce a stream, now or as soon as the socket is there."""
        self._streams.add(stream)
        if self._transport is None:
            self._connect()
        self._write(StreamOpened(stream))

    def audio(self, stream: str, first_sample: int, alaw: bytes) -> bool:
        """Send one frame; False if it was dropped."""
        return self._write(StreamAudio(stream, first_sample, alaw))

    def close_stream(self, stream: str) -> None:
        """Announce the end of a stream."""
        self._streams.discard(stream)
        self._write(StreamClosed(stream))

    def close(self) -> None:
        """Give the connection up."""
        self._streams.clear()
        if self._task:
            self._task.cancel()
        if self._transport:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)
        for stream in self._streams:
            self._write(StreamOpened(stream))

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._transport = None
        if self._streams:
            log.warning("speech socket closed", extra={"socket": self._path, "streams": len(self._streams)})
            self._connect()

    def _write(self, message: StreamMessage) -> bool:
        transport = self._transport
        if transport is None or transport.get_write_buffer_size() > _BACKLOG_MAX_BYTES:
            return False
        transport.write(frame(message))
        return True

    def _connect(self) -> None:
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._connecting(), name=f"connect {self._path}")

    async def _connecting(self) -> None:
        loop = asyncio.get_running_loop()
        attempt = 0
        while self._streams:
            try:
                await loop.create_unix_connection(lambda: self, self._path)
            except OSError:
                await asyncio.sleep(_RETRY_S[min(attempt, len(_RETRY_S) - 1)])
                attempt += 1
            else:
                return


class ListenTap:
    """One leg's audio on its way to a speech worker, a frame every 20 ms, silence where nothing was received.

    Attributes:
        dropped: frames the speech worker could not take.
    """

    def __init__(self, stream: str, link: SpeechLink) -> None:
        self.stream = stream
        self.dropped = 0
        self._link = link
        self._buffer = JitterBuffer()
        self._next_sample = 0
        link.open(stream)

    def heard(self, timestamp: int, alaw: bytes) -> None:
        """A packet came from the party."""
        self._buffer.put(timestamp, alaw)

    def tick(self) -> None:
        """Send the frame that is due."""
        alaw = self._buffer.take(FRAME_SAMPLES) or _SILENCE
        if not self._link.audio(self.stream, self._next_sample, alaw):
            self.dropped += 1
        self._next_sample += FRAME_SAMPLES

    def close(self) -> None:
        """Announce the end of the stream."""
        self._link.close_stream(self.stream)


class SpeechLinks:
    """One SpeechLink for each socket path."""

    def __init__(self) -> None:
        self._links: dict[str, SpeechLink] = {}

    def to(self, path: str) -> SpeechLink:
        """The link to a speech worker."""
        link = self._links.get(path)
        if link is None:
            link = self._links[path] = SpeechLink(path)
        return link

    def close(self) -> None:
        """Close all."""
        for link in self._links.values():
            link.close()
        self._links.clear()
