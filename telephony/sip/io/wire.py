"""Sending: Via, the hop of a response, names, and the counter."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from ipaddress import ip_address

from telephony.sip.core.address import Hop
from telephony.sip.core.headers import host_port
from telephony.sip.core.message import Request, Response
from telephony.sip.core.uri import Uri
from telephony.sip.io.ports import Network, Scheduler
from telephony.sip.io.transactions import MAGIC, Counters

log = logging.getLogger(__name__)

_NAME_LIFE_S = 60.0
_MAX_NAMES = 1000


class Wire:
    """Puts messages on the network.

    Args:
        network: see Network.
        scheduler: see Scheduler.
        monotonic_s: the clock, for the cache of names.
        counters: shared with the endpoint.
        new_token: for branches.
    """

    def __init__(
        self,
        network: Network,
        scheduler: Scheduler,
        monotonic_s: Callable[[], float],
        counters: Counters,
        new_token: Callable[[], str],
    ) -> None:
        self.host = ""
        self.port = 0
        self._network = network
        self._scheduler = scheduler
        self._monotonic_s = monotonic_s
        self._counters = counters
        self._new_token = new_token
        self._names: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._lookups: set[asyncio.Task[None]] = set()

    def send(self, message: Request | Response, hop: Hop, failed: Callable[[], None]) -> None:
        """Send now, or when the hop's name is known; ``failed`` is called later."""
        address = self.known_address(hop.host)
        if address is not None:
            self._counters.sent += 1
            self._network.send(message.to_bytes(), Hop(address, hop.port, hop.transport), failed)
            return
        if len(self._lookups) >= _MAX_NAMES:
            self._scheduler.call_later(0, failed)
            return
        task = asyncio.get_running_loop().create_task(self._look_up(message, hop, failed), name=f"resolve {hop.host}")
        self._lookups.add(task)
        task.add_done_callback(self._lookups.discard)

    def known_address(self, host: str) -> str | None:
        """The IP literal itself, or the cached address of a name."""
        if host[-1:].isdigit() or ":" in host:
            return host
        known = self._names.get(host)
        if known is None:
            return None
        return known[0] if self._monotonic_s() < known[1] else None

    def add_via(self, request: Request, transport: str) -> None:
        """Write our Via with a fresh branch, before all other headers, unless there is one (CANCEL)."""
        if "Via" in request.fields:
            return
        branch = f"{MAGIC}{self._new_token()}"
        sent_by = host_port(self.host, self.port)
        via = f"SIP/2.0/{transport.upper()} {sent_by};branch={branch};rport"
        request.fields = {"Via": [via], **request.fields}

    def close(self) -> None:
        """Drop the look-ups under way."""
        for task in self._lookups:
            task.cancel()

    async def _look_up(self, message: Request | Response, hop: Hop, failed: Callable[[], None]) -> None:
        try:
            async with asyncio.timeout(5):
                address = await self._network.resolve(hop.host)
            ip_address(address)
        except (OSError, ValueError) as error:  # TimeoutError is an OSError
            log.warning("host name not resolved", extra={"host": hop.host, "error": str(error)})
            failed()
            return
        self._names[hop.host] = (address, self._monotonic_s() + _NAME_LIFE_S)
        while len(self._names) > _MAX_NAMES:
            self._names.popitem(last=False)
        self.send(message, Hop(hop.host, hop.port, hop.transport), failed)


def response_hop(request: Request, source: Hop) -> Hop:
    """Where responses go (RFC 3261 §18.2.2, RFC 3581 §4): back by the connection, or to the source by rport."""
    if source.transport != "udp":
        return source
    via = request.via
    if "rport" in via.params:
        return source
    return Hop(source.host, via.port or 5060, "udp")


def uri_hop(uri: Uri) -> Hop:
    """Where a request to that URI goes; no SRV records (RFC 3263), which carriers' address lists do without."""
    return Hop(uri.host, uri.port or 5060, "tcp" if uri.transport == "tcp" else "udp")
