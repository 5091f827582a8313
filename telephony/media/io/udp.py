"""RTP sockets: even ports of a range, the one unused for longest first."""

import errno
import ipaddress
import socket
from collections import deque

_EXPEDITED = 0xB8  # DSCP EF, RFC 3246: voice before other traffic
_TRIES = 1000
"""Ports in a row that other programs may hold, e.g. a second server with calls in the same range. A refused bind costs
about 2 µs, so that a whole block passed over stays well below the 20 ms of a tick; it is passed over once."""


class PortPool:
    """Even ports of a worker's range. A port freed goes to the end, so late packets of its old call find nobody.

    Args:
        host: numeric address to bind.
        low, high: both included.
    """

    def __init__(self, host: str, low: int, high: int) -> None:
        self.host = host
        version = ipaddress.ip_address(host).version
        self.family = socket.AF_INET if version == 4 else socket.AF_INET6
        self._free = deque(range(low + low % 2, high + 1, 2))

    @property
    def free(self) -> int:
        """Ports not in use by this worker."""
        return len(self._free)

    def bind(self) -> tuple[socket.socket, int]:
        """A bound, non-blocking socket and its port; ports in use by other programs go to the end of the line.

        Raises:
            OSError: every port of the range is in use, or the address is not this machine's.
        """
        sock = self._socket()
        try:
            for _ in range(min(len(self._free), _TRIES)):
                port = self._free.popleft()
                if self._take(sock, port):
                    return sock, port
                self._free.append(port)
        except OSError:
            sock.close()
            raise
        sock.close()
        raise OSError(errno.EADDRINUSE, "no free RTP port")

    def release(self, port: int) -> None:
        """The port's socket is closed."""
        self._free.append(port)

    def _socket(self) -> socket.socket:
        sock = socket.socket(self.family, socket.SOCK_DGRAM)
        if self.family == socket.AF_INET:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED)
        sock.setblocking(False)
        return sock

    def _take(self, sock: socket.socket, port: int) -> bool:
        """Whether it could be bound; a refused socket may be bound elsewhere."""
        try:
            sock.bind((self.host, port))
        except OSError as error:
            if error.errno in (errno.EADDRINUSE, errno.EACCES):
                return False
            self._free.append(port)
            raise
        return True
