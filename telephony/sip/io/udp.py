"""UDP: one socket, datagrams in and out."""

import asyncio
import logging
import socket
from typing import cast

from telephony.sip.core.address import Hop
from telephony.sip.core.errors import PortInUse
from telephony.sip.io.ports import Received

log = logging.getLogger(__name__)

_RECEIVE_BYTES = 65_535
_QUEUE_BYTES = 1_048_576
"""What the kernel may hold while the loop is busy; it may grant less."""


class UdpTransport(asyncio.DatagramProtocol):
    """One datagram socket on the endpoint's port.

    ``create_datagram_endpoint`` on an unconnected socket: a refused datagram is an event here, never a dead listener.
    """

    def __init__(self, received: Received) -> None:
        self._received = received
        self._transport: asyncio.DatagramTransport | None = None
        self.errors = 0

    async def open(self, host: str, port: int) -> int:
        """Bind; the port in use.

        Raises:
            PortInUse: names the address.
        """
        bare = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        try:
            bare.setblocking(False)
            bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _QUEUE_BYTES)
            bare.bind((host, port))
        except OSError as error:
            bare.close()
            raise PortInUse(f"UDP {host}:{port}: {error.strerror or error}") from error
        bound: int = bare.getsockname()[1]
        await asyncio.get_running_loop().create_datagram_endpoint(lambda: self, sock=bare)
        return bound

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio."""
        self._transport = cast(asyncio.DatagramTransport, transport)
        if hasattr(transport, "max_size"):
            transport.max_size = _RECEIVE_BYTES  # asyncio would allocate 256 KiB for each datagram

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """See asyncio."""
        self._received(data, Hop(addr[0], addr[1], "udp"))

    def error_received(self, exc: Exception) -> None:
        """An ICMP error; retransmissions and time-outs deal with what it means."""
        self.errors += 1

    def send(self, data: bytes, hop: Hop) -> bool:
        """Whether the datagram was taken."""
        if self._transport is None or self._transport.is_closing():
            return False
        try:
            self._transport.sendto(data, (hop.host, hop.port))
        except (OSError, ValueError) as error:
            self.errors += 1
            log.warning("datagram not sent", extra={"host": hop.host, "port": hop.port, "error": str(error)})
            return False
        return True

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
