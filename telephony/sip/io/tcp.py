"""TCP: a listener, connections in both directions, reused by address (RFC 3261 §18)."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import cast

from telephony.sip.core.address import Hop
from telephony.sip.core.errors import MessageMalformed, PortInUse
from telephony.sip.core.framing import PONG, StreamFramer
from telephony.sip.io.limited_log import LimitedLog
from telephony.sip.io.ports import Closed, Received, ignore_closing

log = logging.getLogger(__name__)

_CONNECT_S = 5.0
_PARTIAL_S = 10.0
"""A peer that begins a message and does not end it is cut off."""
_MAX_UNSENT_BYTES = 1_048_576
_MAX_WAITING = 100


class TcpConnection(asyncio.Protocol):
    """One connection, whoever opened it."""

    def __init__(self, owner: "TcpTransport") -> None:
        self._owner = owner
        self._framer = StreamFramer()
        self._transport: asyncio.Transport | None = None
        self._partial: asyncio.TimerHandle | None = None
        self.peer = Hop("", 0, "tcp")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.Transport, transport)
        name = transport.get_extra_info("peername")
        if not name or not self._owner.joined(self, Hop(name[0], name[1], "tcp")):
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        try:
            messages = self._framer.feed(data)
        except MessageMalformed as error:
            self._owner.log.warning(
                "stream cannot be read, connection closed", extra={"host": self.peer.host, "why": str(error)}
            )
            self._owner.malformed += 1
            self.close()
            return
        for _ in range(min(self._framer.pings, 10)):
            self.write(PONG)
        self._framer.pings = 0
        for message in messages:
            self._owner.received(message, self.peer)
        self._watch_partial()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._stop_watching()
        self._owner.left(self)

    def write(self, data: bytes) -> bool:
        """Whether the bytes were taken."""
        transport = self._transport
        if transport is None or transport.is_closing():
            return False
        if transport.get_write_buffer_size() > _MAX_UNSENT_BYTES:  # the peer reads nothing
            transport.abort()
            return False
        transport.write(data)
        return True

    def close(self) -> None:
        """Close after what was written has gone out."""
        if self._transport is not None:
            self._transport.close()

    def _watch_partial(self) -> None:
        if not self._framer.partial:
            self._stop_watching()
        elif self._partial is None:
            self._partial = asyncio.get_running_loop().call_later(_PARTIAL_S, self.close)

    def _stop_watching(self) -> None:
        if self._partial is not None:
            self._partial.cancel()
            self._partial = None


class TcpTransport:
    """The listener and all connections, found by the peer's address and port.

    Args:
        received: gets whole messages.
        closed: told the peer of each connection that has closed.
        max_connections: beyond it new ones are closed at once.
    """

    def __init__(self, received: Received, closed: Closed = ignore_closing, *, max_connections: int = 1000) -> None:
        self.received = received
        self.log = LimitedLog(log, time.monotonic)
        self._tell_closed = closed
        self.malformed = 0
        self._max_connections = max_connections
        self._connections: dict[tuple[str, int], TcpConnection] = {}
        self._waiting: dict[tuple[str, int], list[tuple[bytes, Callable[[], None]]]] = {}
        self._connecting: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self._closed = False

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    async def open(self, host: str, port: int) -> int:
        """Listen; the port in use.

        Raises:
            PortInUse: names the address.
        """
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(lambda: TcpConnection(self), host, port, reuse_address=True)
        except OSError as error:
            raise PortInUse(f"TCP {host}:{port}: {error.strerror or error}") from error
        bound: int = self._server.sockets[0].getsockname()[1]
        return bound

    def joined(self, connection: TcpConnection, peer: Hop) -> bool:
        """Take up a connection; False if there are too many."""
        if self._closed or len(self._connections) >= self._max_connections:
            self.log.warning("TCP connection refused, too many", extra={"host": peer.host})
            return False
        connection.peer = peer
        self._connections[peer.host, peer.port] = connection
        return True

    def left(self, connection: TcpConnection) -> None:
        """A connection has closed."""
        key = (connection.peer.host, connection.peer.port)
        if self._connections.get(key) is connection:
            del self._connections[key]
            if not self._closed:
                self._tell_closed(connection.peer)

    def send(self, data: bytes, hop: Hop, failed: Callable[[], None]) -> None:
        """Use the connection to that address, or open one; ``failed`` is called later if that is impossible."""
        key = (hop.host, hop.port)
        connection = self._connections.get(key)
        if connection is not None and connection.write(data):
            return
        waiting = self._waiting.get(key)
        if waiting is not None and len(waiting) < _MAX_WAITING:
            waiting.append((data, failed))
        elif waiting is None and not self._closed and len(self._waiting) < self._max_connections:
            self._waiting[key] = [(data, failed)]
            task = asyncio.get_running_loop().create_task(self._connect(hop), name=f"sip tcp to {hop.host}:{hop.port}")
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)
        else:
            asyncio.get_running_loop().call_soon(failed)

    def close(self) -> None:
        """Stop listening and close all."""
        self._closed = True
        if self._server is not None:
            self._server.close()
        for task in self._connecting:
            task.cancel()
        for connection in list(self._connections.values()):
            connection.close()

    async def _connect(self, hop: Hop) -> None:
        key = (hop.host, hop.port)
        connection: TcpConnection | None = None
        try:
            async with asyncio.timeout(_CONNECT_S):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: TcpConnection(self), hop.host, hop.port
                )
        except OSError as error:  # TimeoutError is one
            self.log.warning("TCP connection failed", extra={"host": hop.host, "port": hop.port, "error": str(error)})
        finally:
            waiting = self._waiting.pop(key, [])
        for data, failed in waiting:
            if connection is None or not connection.write(data):
                failed()
