"""Who may call: the seam to the owner's policy, and the default one (trusted addresses, accounts, limiter)."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Protocol

from telephony.sip.core.address import Hop
from telephony.sip.core.credentials import Credentials
from telephony.sip.core.message import Request


@dataclass(frozen=True, slots=True)
class Trusted:
    """No challenge: the request comes from this trunk's address."""

    trunk: str


@dataclass(frozen=True, slots=True)
class NeedsDigest:
    """The request must prove an account's password."""


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer with this status and log why."""

    status: int
    reason: str
    why: str


@dataclass(frozen=True, slots=True)
class Dropped:
    """Say nothing (a scanner, a banned source); counted and logged at most now and then."""

    why: str


Verdict = Trusted | NeedsDigest | Refused | Dropped


class AccessPolicy(Protocol):
    """The owner's say on requests outside dialogs. Called on the hot path: no I/O."""

    def judge(self, request: Request, source: Hop) -> Verdict:
        """Whether the source is trusted. A REGISTER from a trusted source is challenged all the same."""
        ...

    def credentials(self, account: str) -> Credentials | None:
        """The account's secret; None if there is no such account (the peer cannot tell the difference)."""
        ...

    def password_wrong(self, source: Hop) -> None:
        """A digest that did not verify (not a stale nonce, not a first request without one)."""
        ...

    def password_right(self, source: Hop) -> None:
        """A digest that verified."""
        ...


class WrongPasswordLimiter:
    """Bans a source after too many wrong passwords; bounded, oldest sources forgotten first.

    Args:
        monotonic_s: the clock.
        allowed: wrong passwords within ``window_s`` before the ban.
        window_s: seconds over which they count.
        ban_s: how long the source then meets silence.
        exempt: hosts that are never banned.
    """

    def __init__(
        self,
        monotonic_s: Callable[[], float],
        *,
        allowed: int = 10,
        window_s: float = 60.0,
        ban_s: float = 300.0,
        max_sources: int = 10_000,
        exempt: frozenset[str] = frozenset(),
    ) -> None:
        self._monotonic_s = monotonic_s
        self._allowed = allowed
        self._window_s = window_s
        self._ban_s = ban_s
        self._max_sources = max_sources
        self._exempt = exempt
        self._failures: OrderedDict[str, list[float]] = OrderedDict()
        self._banned_until_s: OrderedDict[str, float] = OrderedDict()

    def banned(self, host: str) -> bool:
        """Whether requests of this host are to be dropped now."""
        until_s = self._banned_until_s.get(host)
        if until_s is None:
            return False
        if self._monotonic_s() < until_s:
            return True
        del self._banned_until_s[host]
        return False

    def failed(self, host: str) -> bool:
        """Count one wrong password; True if the host is banned by it."""
        if host in self._exempt:
            return False
        now_s = self._monotonic_s()
        recent = [at_s for at_s in self._failures.pop(host, []) if now_s - at_s < self._window_s]
        recent.append(now_s)
        if len(recent) > self._allowed:
            self._banned_until_s[host] = now_s + self._ban_s
            self._trim(self._banned_until_s)
            return True
        self._failures[host] = recent
        self._trim(self._failures)
        return False

    def succeeded(self, host: str) -> None:
        """Forget the host's wrong passwords."""
        self._failures.pop(host, None)

    def _trim(self, table: OrderedDict[str, list[float]] | OrderedDict[str, float]) -> None:
        while len(table) > self._max_sources:
            table.popitem(last=False)


@dataclass(frozen=True, slots=True)
class TrustedAddress:
    """A trunk's signalling address: IP literal or network ("10.0.0.0/24"), and its source port if it is fixed."""

    trunk: str
    network: str
    port: int | None = None


class AddressPolicy:
    """The default policy: trunks by address, everybody else by digest, wrong passwords limited per source.

    Args:
        trusted: trunks' addresses; an entry with a port goes before one without.
        accounts: account name → secret.
        limiter: see WrongPasswordLimiter.
    """

    def __init__(
        self,
        trusted: list[TrustedAddress],
        accounts: Callable[[str], Credentials | None],
        limiter: WrongPasswordLimiter,
    ) -> None:
        self._accounts = accounts
        self._limiter = limiter
        self._by_address: dict[tuple[str, int | None], str] = {}
        self._networks: list[tuple[IPv4Network | IPv6Network, int | None, str]] = []
        for entry in trusted:
            if "/" in entry.network:
                self._networks.append((ip_network(entry.network, strict=False), entry.port, entry.trunk))
            else:
                self._by_address[(entry.network, entry.port)] = entry.trunk

    def judge(self, request: Request, source: Hop) -> Verdict:
        """See AccessPolicy."""
        trunk = self._by_address.get((source.host, source.port)) or self._by_address.get((source.host, None))
        if trunk is None and self._networks:
            trunk = self._in_network(source)
        if trunk is not None:
            return Trusted(trunk)
        if self._limiter.banned(source.host):
            return Dropped("too many wrong passwords")
        return NeedsDigest()

    def credentials(self, account: str) -> Credentials | None:
        """See AccessPolicy."""
        return self._accounts(account)

    def password_wrong(self, source: Hop) -> None:
        """See AccessPolicy."""
        self._limiter.failed(source.host)

    def password_right(self, source: Hop) -> None:
        """See AccessPolicy."""
        self._limiter.succeeded(source.host)

    def _in_network(self, source: Hop) -> str | None:
        address = ip_address(source.host)
        for network, port, trunk in self._networks:
            if address in network and port in (None, source.port):
                return trunk
        return None
