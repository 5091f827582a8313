"""What the endpoint needs from the machine: timers, a network, names."""

from collections.abc import Callable
from typing import Protocol

from telephony.sip.core.address import Hop


class Cancellable(Protocol):
    """A running timer."""

    def cancel(self) -> None:
        """Forget it; harmless when it has run out."""
        ...


class Scheduler(Protocol):
    """Timers; an asyncio loop is one."""

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Cancellable:
        """Call back in so many seconds."""
        ...


Received = Callable[[bytes, Hop], None]
"""One whole message, and where it came from."""

Closed = Callable[[Hop], None]
"""A connection of that peer has closed; not told when the network itself closes."""


def ignore_closing(peer: Hop) -> None:
    """For those who need not know."""


class Network(Protocol):
    """UDP and TCP on one port."""

    async def open(
        self, host: str, port: int, *, tcp: bool, received: Received, closed: Closed = ignore_closing
    ) -> int:
        """Listen; the port in use.

        Raises:
            PortInUse: somebody else has it.
        """
        ...

    def send(self, data: bytes, hop: Hop, failed: Callable[[], None]) -> None:
        """Send to an IP literal; ``failed`` is called later, from the loop, if the transport reports an error."""
        ...

    async def resolve(self, host: str) -> str:
        """The first address of a name.

        Raises:
            OSError: there is none.
        """
        ...

    @property
    def connections(self) -> int:
        """TCP connections."""
        ...

    @property
    def malformed_streams(self) -> int:
        """TCP connections that were closed because their bytes could not be cut into messages."""
        ...

    def close(self) -> None:
        """Stop listening and drop the connections."""
        ...
