"""A network in memory with a clock of its own: SIP endpoints and bare peers, with loss, doubling and reordering."""

import heapq
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

from telephony.sip.core.address import Hop
from telephony.sip.core.errors import MessageMalformed, PortInUse
from telephony.sip.core.message import Request, Response, parse_message
from telephony.sip.io.ports import ignore_closing

START = datetime(2026, 11, 24, 1, 5, tzinfo=UTC)


class _Timer:
    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class Timeline:
    """Clock and scheduler in one: nothing happens until ``advance`` is called."""

    def __init__(self) -> None:
        self._now_s = 0.0
        self._order = count()
        self._queue: list[tuple[float, int, _Timer]] = []

    def now(self) -> datetime:
        return START + timedelta(seconds=self._now_s)

    def monotonic_s(self) -> float:
        return self._now_s

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("SIP code never sleeps")

    def call_later(self, delay: float, callback: Callable[[], object], /) -> _Timer:
        timer = _Timer(callback)
        heapq.heappush(self._queue, (self._now_s + delay, next(self._order), timer))
        return timer

    def advance(self, seconds: float) -> None:
        """Let time pass; callbacks run in the order in which they are due."""
        end_s = self._now_s + seconds
        while self._queue and self._queue[0][0] <= end_s + 1e-9:
            due_s, _, timer = heapq.heappop(self._queue)
            self._now_s = max(self._now_s, due_s)
            if timer.callback is not None:
                callback, timer.callback = timer.callback, None
                callback()
        self._now_s = end_s

    @property
    def waiting(self) -> int:
        """Timers that still run."""
        return sum(1 for _, _, timer in self._queue if timer.callback is not None)


class SipNetwork:
    """Hosts by (address, port); UDP may lose, double and reorder, TCP does not.

    Args:
        timeline: time.
        loss, doubling: shares of datagrams, 0 to 1.
        reordering: whether the delay varies so much that datagrams overtake each other.
        seed: of the chances.
    """

    delay_s = 0.01

    def __init__(
        self,
        timeline: Timeline,
        *,
        loss: float = 0.0,
        doubling: float = 0.0,
        reordering: bool = False,
        seed: int = 1,
    ) -> None:
        self.timeline = timeline
        self.loss = loss
        self.doubling = doubling
        self.reordering = reordering
        self.log: list[tuple[Hop, Hop, Request | Response | None]] = []
        self.unreachable: set[str] = set()
        self.names: dict[str, str] = {}
        self.closers: dict[tuple[str, int], Callable[[Hop], None]] = {}
        self._chance = random.Random(seed)
        self._hosts: dict[tuple[str, int], Callable[[bytes, Hop], None]] = {}

    def host(self) -> "HostNetwork":
        """A network for one SipEndpoint."""
        return HostNetwork(self)

    def peer(self, address: str, port: int = 5060, transport: str = "udp") -> "Peer":
        """A bare peer that sends and hears what the test wants."""
        return Peer(self, Hop(address, port, transport))

    def listen(self, address: str, port: int, received: Callable[[bytes, Hop], None]) -> None:
        if (address, port) in self._hosts:
            raise PortInUse(f"{address}:{port}")
        self._hosts[address, port] = received

    def leave(self, address: str, port: int) -> None:
        self._hosts.pop((address, port), None)

    def carry(self, data: bytes, source: Hop, target: Hop) -> None:
        """Take one message on its way."""
        try:
            self.log.append((source, target, parse_message(data)))
        except MessageMalformed:
            self.log.append((source, target, None))
        copies = 1
        if target.transport == "udp":
            if self._chance.random() < self.loss:
                return
            if self._chance.random() < self.doubling:
                copies = 2
        for _ in range(copies):
            delay_s = self.delay_s
            if self.reordering and target.transport == "udp":
                delay_s *= self._chance.uniform(0.5, 20)
            self.timeline.call_later(delay_s, lambda: self._arrive(data, source, target))

    def hang_up(self, peer: Hop, host: Hop) -> None:
        """The TCP connection between the two breaks; the host is told."""
        self.closers[host.host, host.port](peer)

    def _arrive(self, data: bytes, source: Hop, target: Hop) -> None:
        received = self._hosts.get((target.host, target.port))
        if received is not None:
            received(data, source)


class HostNetwork:
    """See telephony.sip.io.ports.Network."""

    def __init__(self, network: SipNetwork) -> None:
        self._network = network
        self._at = Hop("", 0)
        self.connections = 0
        self.malformed_streams = 0

    async def open(
        self,
        host: str,
        port: int,
        *,
        tcp: bool,
        received: Callable[[bytes, Hop], None],
        closed: Callable[[Hop], None] = ignore_closing,
    ) -> int:
        self._network.listen(host, port, received)
        self._network.closers[host, port] = closed
        self._at = Hop(host, port)
        return port

    def send(self, data: bytes, hop: Hop, failed: Callable[[], None]) -> None:
        if hop.host in self._network.unreachable:
            self._network.timeline.call_later(0, failed)
            return
        self._network.carry(data, Hop(self._at.host, self._at.port, hop.transport), hop)

    async def resolve(self, host: str) -> str:
        if host not in self._network.names:
            raise OSError("no such name")
        return self._network.names[host]

    def close(self) -> None:
        self._network.leave(self._at.host, self._at.port)


class Peer:
    """Heard messages, in order, and a mouth. Its datagrams are never lost on the way out when ``network.loss`` is 0."""

    def __init__(self, network: SipNetwork, at: Hop) -> None:
        self.network = network
        self.at = at
        self.heard: list[Request | Response] = []
        self.answer: Callable[[Request | Response], None] | None = None
        network.listen(at.host, at.port, self._received)

    def send(self, message: bytes | str | Request | Response, target: Hop) -> None:
        if isinstance(message, Request | Response):
            data = message.to_bytes()
        else:
            data = message.encode() if isinstance(message, str) else message
        self.network.carry(data, self.at, target)

    def _received(self, data: bytes, source: Hop) -> None:
        message = parse_message(data)
        self.heard.append(message)
        if self.answer is not None:
            self.answer(message)

    @property
    def statuses(self) -> list[int]:
        """Statuses of the responses heard."""
        return [message.status for message in self.heard if isinstance(message, Response)]

    @property
    def methods(self) -> list[str]:
        """Methods of the requests heard."""
        return [message.method for message in self.heard if isinstance(message, Request)]

    def last_response(self) -> Response:
        return [message for message in self.heard if isinstance(message, Response)][-1]

    def last_request(self) -> Request:
        return [message for message in self.heard if isinstance(message, Request)][-1]
