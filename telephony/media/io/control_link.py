"""The worker's end of the control link: one client at a time on a Unix socket."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable
from pathlib import Path
from typing import cast

from telephony.media.messages import Command, Fact
from vocabulary.framing import FrameReader, FrameRefused, frame

log = logging.getLogger(__name__)


class ControlServer:
    """Listens for the client.

    Args:
        command: told each command, in order.
        abandoned: told when the client is gone.
    """

    def __init__(self, command: Callable[[Command], None], abandoned: Callable[[], None]) -> None:
        self.command = command
        self.abandoned = abandoned
        self.client: ControlLink | None = None
        self._server: asyncio.AbstractServer | None = None

    async def start(self, path: Path) -> None:
        """Listen; only this user may connect."""
        loop = asyncio.get_running_loop()
        sock = _listening_socket(path)
        self._server = await loop.create_unix_server(lambda: ControlLink(self), sock=sock)

    def stop(self) -> None:
        """Close everything."""
        if self._server:
            self._server.close()
        if self.client:
            self.client.close()

    def send(self, fact: Fact) -> None:
        """Tell the client; nobody hears it if there is none."""
        if self.client:
            self.client.send(fact)


def _listening_socket(path: Path) -> socket.socket:
    """A Unix socket in place of whatever a dead worker left there."""
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(path))
    path.chmod(0o600)
    return sock


class ControlLink(asyncio.Protocol):
    """One connection."""

    def __init__(self, server: ControlServer) -> None:
        self._server = server
        self._frames: FrameReader[Command] = FrameReader(Command)
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.Protocol."""
        self._transport = cast(asyncio.Transport, transport)
        if self._server.client:
            log.warning("a second client was turned away")
            transport.close()
            return
        self._server.client = self

    def data_received(self, data: bytes) -> None:
        """See asyncio.Protocol."""
        if self._server.client is not self:
            return
        try:
            for command in self._frames.feed(data):
                self._server.command(command)
        except FrameRefused as error:
            log.error("the client sent what is no command", extra={"reason": str(error)})
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio.Protocol."""
        if self._server.client is self:
            self._server.client = None
            self._server.abandoned()

    def send(self, fact: Fact) -> None:
        """Write one fact."""
        if self._transport:
            self._transport.write(frame(fact))

    def close(self) -> None:
        """Close the connection."""
        if self._transport:
            self._transport.close()
