"""A media worker as its client sees it: a child process and a Unix stream to it."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import msgspec

from telephony.media.errors import MediaUnavailable
from telephony.media.messages import Fact
from vocabulary.framing import FrameReader, FrameRefused, frame

START_S = 15.0
"""A child must listen on its socket within this time."""
END_S = 2.0
"""A child whose link is closed must end within this time, or it is killed."""
_ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True, slots=True)
class MediaWorkerConfig:
    """How one media worker runs.

    Attributes:
        name: distinguishes workers that share a spool folder; letters, digits and "-".
        socket_path: Unix socket of the control link; under 100 characters.
        spool: folder of recordings, made if absent.
        bind_host: numeric address RTP is bound to, also the one to put into SDP unless it is a wildcard.
        port_low, port_high: RTP ports, both included; even ones are used. A range of this worker alone.
        attach: connect to a worker that someone else started (``server.py media``) instead of starting a child.
    """

    name: str
    socket_path: Path
    spool: Path
    bind_host: str = "127.0.0.1"
    port_low: int = 20000
    port_high: int = 23999
    attach: bool = False


async def spawn(config: MediaWorkerConfig) -> asyncio.subprocess.Process:
    """Start a worker process; it listens on ``config.socket_path`` shortly after."""
    with contextlib.suppress(FileNotFoundError):
        config.socket_path.unlink()
    arguments = {
        "name": config.name,
        "socket_path": str(config.socket_path),
        "spool": str(config.spool),
        "bind_host": config.bind_host,
        "port_low": config.port_low,
        "port_high": config.port_high,
    }
    path = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH"))))
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "telephony.media.io.media_process", json.dumps(arguments)),
        env={**os.environ, "PYTHONPATH": path},
        stdin=asyncio.subprocess.DEVNULL,
    )


async def connect(
    socket_path: Path, process: asyncio.subprocess.Process | None, received: Callable[[Fact], None]
) -> "WorkerLink":
    """Connect as soon as the worker listens.

    Raises:
        MediaUnavailable: the child ended, or START_S passed.
    """
    loop = asyncio.get_running_loop()
    give_up_s = loop.time() + START_S
    while True:
        try:
            _, link = await loop.create_unix_connection(lambda: WorkerLink(received), str(socket_path))
        except OSError as error:
            if process and process.returncode is not None:
                raise MediaUnavailable(f"the child ended with status {process.returncode}") from error
            if loop.time() > give_up_s:
                raise MediaUnavailable(f"cannot connect: {error}") from error
            await asyncio.sleep(0.02)
        else:
            return link


async def end(process: asyncio.subprocess.Process) -> None:
    """Return when the child is gone. The closed link ends it; a worker that hangs is killed."""
    try:
        await asyncio.wait_for(process.wait(), END_S)
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


class WorkerLink(asyncio.Protocol):
    """The Unix stream to the worker.

    Args:
        received: told every fact, in order.
    Attributes:
        closed: done with the reason when the stream is down.
    """

    def __init__(self, received: Callable[[Fact], None]) -> None:
        self._received = received
        self._frames: FrameReader[Fact] = FrameReader(Fact)
        self._transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        try:
            for fact in self._frames.feed(data):
                self._received(fact)
        except FrameRefused as error:
            self._lost(f"the worker sent what is no fact: {error}")
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        self._lost(f"the link closed: {exc}" if exc else "the link closed")

    def send(self, command: msgspec.Struct) -> None:
        """Write one command; nothing happens on a closed link."""
        if self._transport:
            self._transport.write(frame(command))

    def close(self) -> None:
        """Close the stream; a child worker ends by it."""
        if self._transport:
            self._transport.close()

    def _lost(self, reason: str) -> None:
        if not self.closed.done():
            self.closed.set_result(reason)
