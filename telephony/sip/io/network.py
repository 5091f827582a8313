"""The real network: UDP and TCP sockets on one port."""

import asyncio
import socket
from collections.abc import Callable

from telephony.sip.core.address import Hop
from telephony.sip.core.errors import PortInUse
from telephony.sip.io.ports import Closed, Received, ignore_closing
from telephony.sip.io.tcp import TcpTransport
from telephony.sip.io.udp import UdpTransport

_FREE_PORT_TRIES = 20


class SocketNetwork:
    """See ports.Network."""

    def __init__(self, *, max_tcp_connections: int = 1000) -> None:
        self._max_tcp_connections = max_tcp_connections
        self._udp: UdpTransport | None = None
        self._tcp: TcpTransport | None = None

    async def open(
        self, host: str, port: int, *, tcp: bool, received: Received, closed: Closed = ignore_closing
    ) -> int:
        """See ports.Network."""
        tries = 1 if port else _FREE_PORT_TRIES
        for left in reversed(range(tries)):
            udp = UdpTransport(received)
            bound = await udp.open(host, port)
            listener = TcpTransport(received, closed, max_connections=self._max_tcp_connections)
            try:
                if tcp:
                    await listener.open(host, bound)
            except PortInUse:
                udp.close()
                if not left:
                    raise
                continue
            self._udp, self._tcp = udp, listener
            return bound
        raise AssertionError("unreachable")

    def send(self, data: bytes, hop: Hop, failed: Callable[[], None]) -> None:
        """See ports.Network."""
        if hop.transport == "tcp" and self._tcp is not None:
            self._tcp.send(data, hop, failed)
        elif self._udp is None or not self._udp.send(data, hop):
            asyncio.get_running_loop().call_soon(failed)

    async def resolve(self, host: str) -> str:
        """See ports.Network."""
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_DGRAM)
        return str(found[0][4][0])

    @property
    def connections(self) -> int:
        """See ports.Network."""
        return self._tcp.connections if self._tcp is not None else 0

    @property
    def malformed_streams(self) -> int:
        """See ports.Network."""
        return self._tcp.malformed if self._tcp is not None else 0

    def close(self) -> None:
        """See ports.Network."""
        if self._udp is not None:
            self._udp.close()
        if self._tcp is not None:
            self._tcp.close()
