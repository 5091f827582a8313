"""The server's and the jobs process's side of the speech worker's socket.

The link reconnects by itself; while it is away, listeners are told so at once and calls go on with keys.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from asr.endpointing import Endpointing
from asr.errors import AudioRefused, RecogniserUnavailable
from asr.messages import (
    AskState,
    CloseListening,
    Expected,
    ListeningRefused,
    OpenListening,
    Reply,
    Request,
    StreamEvent,
    Transcribe,
    Transcribed,
    TranscriptionFailed,
    WorkerState,
)
from vocabulary.clock import Clock
from vocabulary.framing import FrameRefused, frame, messages
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)

_RECONNECT_S = 1.0


class SpeechStream:
    """Events of one listened stream. Iterate until it ends, or leave the ``async with``."""

    def __init__(self, client: "SpeechClient", stream: str) -> None:
        self.stream = stream
        self._client = client
        self._events: asyncio.Queue[StreamEvent] = asyncio.Queue()

    def put(self, event: StreamEvent) -> None:
        """An event arrived for this stream."""
        self._events.put_nowait(event)

    async def next_event(self) -> StreamEvent:
        """The next event, as soon as there is one."""
        return await self._events.get()

    async def __aenter__(self) -> "SpeechStream":
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._client.close_stream(self.stream)


class SpeechClient:
    """One control link to one speech worker.

    Args:
        socket: the worker's Unix socket; give the same path to ``Leg.listen``.
        clock: for waiting between attempts to connect.
    """

    def __init__(self, socket: Path, clock: Clock) -> None:
        self.socket = socket
        self._clock = clock
        self._writer: asyncio.StreamWriter | None = None
        self._streams: dict[str, SpeechStream] = {}
        self._transcriptions: dict[str, asyncio.Future[Transcribed]] = {}
        self._state_waiters: list[asyncio.Future[WorkerState]] = []
        self._connected = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def connected(self) -> bool:
        """Whether the worker can be asked now."""
        return self._writer is not None

    def start(self) -> None:
        """Begin to connect, and keep doing so until stop()."""
        self._task = asyncio.create_task(self._keep_connected(), name="speech link")

    async def stop(self) -> None:
        """Close the link; waiting listeners are told that nothing is heard."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def wait_connected(self, within_s: float) -> bool:
        """Whether a link is up within so many seconds."""
        try:
            async with asyncio.timeout(within_s):
                await self._connected.wait()
        except TimeoutError:
            return False
        return True

    def open_stream(self, stream: str, expected: Expected, rules: Endpointing) -> SpeechStream:
        """Listen on a stream; call ``Leg.listen(stream, socket)`` with the same identifier before or after.

        Never raises: when the worker is away, the first event is ListeningRefused.
        """
        listener = SpeechStream(self, stream)
        self._streams[stream] = listener
        if not self._send(OpenListening(stream, expected, rules.silence_s, rules.end_s, rules.max_s)):
            listener.put(ListeningRefused(stream, "the speech worker is away"))
        return listener

    def close_stream(self, stream: str) -> None:
        """Stop listening; later events of the stream are forgotten."""
        if self._streams.pop(stream, None) is not None:
            self._send(CloseListening(stream))

    async def transcribe(self, path: Path, *, within_s: float = 3600.0) -> Transcribed:
        """Words of a finished recording, both channels.

        Raises:
            RecogniserUnavailable: the worker is away or its model is missing; ask again later.
            AudioRefused: the file cannot be read; asking again does not help.
        """
        request = new_id(self._clock)
        answer: asyncio.Future[Transcribed] = asyncio.get_running_loop().create_future()
        self._transcriptions[request] = answer
        try:
            if not self._send(Transcribe(request, str(path))):
                raise RecogniserUnavailable("the speech worker is away")
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError as error:
            raise RecogniserUnavailable(f"no transcript within {within_s:.0f} s") from error
        finally:
            self._transcriptions.pop(request, None)

    async def state(self, *, within_s: float = 5.0) -> WorkerState:
        """How the worker is.

        Raises:
            RecogniserUnavailable: it is away or does not answer.
        """
        answer: asyncio.Future[WorkerState] = asyncio.get_running_loop().create_future()
        self._state_waiters.append(answer)
        try:
            if not self._send(AskState()):
                raise RecogniserUnavailable("the speech worker is away")
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError as error:
            raise RecogniserUnavailable("the speech worker does not answer") from error
        finally:
            with contextlib.suppress(ValueError):
                self._state_waiters.remove(answer)

    def _send(self, request: Request) -> bool:
        if self._writer is None or self._writer.is_closing():
            return False
        self._writer.write(frame(request))
        return True

    async def _keep_connected(self) -> None:
        try:
            while True:
                try:
                    reader, self._writer = await asyncio.open_unix_connection(str(self.socket))
                except OSError:
                    await self._clock.sleep(_RECONNECT_S)
                    continue
                self._connected.set()
                log.info("speech worker connected")
                try:
                    await self._receive(messages(reader, Reply))
                except (OSError, FrameRefused) as error:
                    log.warning("speech link broke", extra={"error": str(error)})
                self._lost()
        finally:
            self._lost()

    async def _receive(self, replies: AsyncIterator[Reply]) -> None:
        async for reply in replies:
            match reply:
                case Transcribed():
                    self._answer(reply)
                case TranscriptionFailed():
                    self._fail(reply)
                case WorkerState():
                    for waiter in self._state_waiters:
                        if not waiter.done():
                            waiter.set_result(reply)
                case _:
                    if reply.stream in self._streams:
                        self._streams[reply.stream].put(reply)

    def _answer(self, reply: Transcribed) -> None:
        answer = self._transcriptions.get(reply.request)
        if answer is not None and not answer.done():
            answer.set_result(reply)

    def _fail(self, reply: TranscriptionFailed) -> None:
        answer = self._transcriptions.get(reply.request)
        if answer is not None and not answer.done():
            reason = reply.reason
            answer.set_exception(RecogniserUnavailable(reason) if reply.unavailable else AudioRefused("", reason))

    def _lost(self) -> None:
        if self._writer is None:
            return
        self._writer.close()
        self._writer = None
        self._connected.clear()
        for stream in self._streams.values():
            stream.put(ListeningRefused(stream.stream, "the speech worker went away"))
        waiting: list[asyncio.Future[Any]] = [*self._transcriptions.values(), *self._state_waiters]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(RecogniserUnavailable("the speech worker went away"))
