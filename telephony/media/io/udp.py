"""RTP sockets: even ports of a range, the one unused for longest first."""

import ipaddress
import socket
from collections import deque

_EXPEDITED = 0xB8  # DSCP EF, RFC 3246: voice before other traffic
_TRIES = 50  # ports in a row that another program may hold


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
        """A bound, non-blocking socket and its port.

        Raises:
            OSError: no port of the range is free, or the address is not this machine's.
        """
        problem = OSError("no free RTP port")
        for _ in range(min(len(self._free), _TRIES)):
            port = self._free.popleft()
            try:
                return self._bound(port), port
            except OSError as error:
                problem = error
                self._free.append(port)
        raise problem

    def release(self, port: int) -> None:
        """The port's socket is closed."""
        self._free.append(port)

    def _bound(self, port: int) -> socket.socket:
        sock = socket.socket(self.family, socket.SOCK_DGRAM)
        try:
            if self.family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED)
            sock.setblocking(False)
            sock.bind((self.host, port))
        except OSError:
            sock.close()
            raise
        return sock
