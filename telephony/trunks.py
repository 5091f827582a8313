"""Lines to the outside: which one a call came by, and by which ones a call may leave. Pure choices with reasons."""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache

from telephony.errors import NoTrunkFor, TrunkNotMatched
from vocabulary.errors import InvalidPhoneNumber
from vocabulary.phone_number import PhoneNumber


class TrunkKind(Enum):
    """How the far end of a trunk is known."""

    ADDRESS = "address"  # a carrier's SBC, trusted by its source address
    REGISTER = "register"  # we register with the carrier, which calls our registered contact
    SIM = "sim"  # simulated: our own softphones play the outside world


@dataclass(frozen=True, slots=True)
class SimulatedLine:
    """One subscriber of the simulated outside: a softphone that has a telephone number.

    Attributes:
        account: the SIP account it registers with.
        number: under which it calls and is called; None if it only stands for any number that is called.
    """

    account: str
    number: PhoneNumber | None = None


@dataclass(frozen=True, slots=True)
class Trunk:
    """One line to the outside, as configured.

    Attributes:
        name: unique; stands in records and logs.
        kind: see TrunkKind.
        networks: sources it may call from, e.g. ``203.0.113.7/32``; kind ADDRESS and REGISTER.
        source_ports: only these source ports are this trunk; empty for any.
        host, port, transport: where calls leave to; "" for SIM.
        username: of our registration; kind REGISTER only.
        password: of our registration.
        realm: the one digest realm the password is used for; "" for the first that its own host asks by.
        callers: numbers this trunk may show as the caller, as they stand in From; the first is the default.
        dialled: called numbers it brings in, as regular expression on the user part.
        carries: numbers it takes out, as regular expression on the national form, e.g. ``.*`` or ``0?1[3-9].*``.
        priority: the smaller goes first.
        lines: the simulated subscribers; kind SIM only. Any other number rings the first one.
        capacity_calls: calls it carries at once, both ways.
        reliable_ringing: whether ringing and early media are sent and asked for reliably (PRACK, RFC 3262) where the
            far end supports it; one that requires it gets it anyway.
    """

    name: str
    kind: TrunkKind
    networks: tuple[str, ...] = ()
    source_ports: tuple[int, ...] = ()
    host: str = ""
    port: int = 5060
    transport: str = "udp"
    username: str = ""
    password: str = field(default="", repr=False)
    realm: str = ""
    callers: tuple[str, ...] = ()
    dialled: str = ".*"
    carries: str = ".*"
    priority: int = 100
    lines: tuple[SimulatedLine, ...] = ()
    capacity_calls: int = 100
    reliable_ringing: bool = False


@dataclass(frozen=True, slots=True)
class ArrivingCall:
    """Facts of an INVITE that begins a call.

    Attributes:
        source_ip, source_port: it was received from.
        dialled: user part of the request URI.
        account: the SIP account proven by digest, if any.
        known_as: name of the trunk that signalling has recognised by its address, if any.
    """

    source_ip: str
    source_port: int
    dialled: str
    account: str | None = None
    known_as: str | None = None


@dataclass(frozen=True, slots=True)
class TrunkMatch:
    """The line a call came by.

    Attributes:
        trunk: matched.
        number: the caller's, where the line itself fixes it (SIM); otherwise the request's headers tell.
        reason: for the log.
    """

    trunk: Trunk
    number: PhoneNumber | None
    reason: str


def match_inbound(call: ArrivingCall, trunks: tuple[Trunk, ...]) -> TrunkMatch:
    """Find the line a call came by: the first trunk, by priority, that does not refuse it.

    Raises:
        TrunkNotMatched: every trunk refused it, each with its reason.
    """
    refusals: list[str] = []
    for trunk in sorted(trunks, key=lambda each: each.priority):
        found = _inbound_match(trunk, call)
        if isinstance(found, TrunkMatch):
            return found
        refusals.append(f"{trunk.name}: {found}")
    raise TrunkNotMatched(tuple(refusals))


def _inbound_match(trunk: Trunk, call: ArrivingCall) -> TrunkMatch | str:
    number: PhoneNumber | None = None
    if trunk.kind is TrunkKind.SIM:
        line = next((line for line in trunk.lines if line.account == call.account), None)
        if line is None:
            return "the caller is none of its simulated lines"
        number, reason = line.number, f"simulated line of account {line.account}"
    elif call.account is not None:
        return "the caller is a registered phone"
    elif call.known_as == trunk.name:
        reason = f"known to signalling at {call.source_ip}"
    elif not _in_networks(call.source_ip, trunk.networks):
        return f"source {call.source_ip} is in none of {', '.join(trunk.networks) or 'its networks (none set)'}"
    elif trunk.source_ports and call.source_port not in trunk.source_ports:
        return f"source port {call.source_port} is none of {', '.join(map(str, trunk.source_ports))}"
    else:
        reason = f"source {call.source_ip}"
    if not re.fullmatch(trunk.dialled, call.dialled):
        return f"the dialled number does not match {trunk.dialled!r}"
    return TrunkMatch(trunk, number, reason)


def _in_networks(source_ip: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ipaddress.ip_address(source_ip)
    except ValueError:
        return False
    return any(address in _network(network) for network in networks)


@lru_cache(maxsize=1024)
def _network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
    return ipaddress.ip_network(text, strict=False)


@dataclass(frozen=True, slots=True)
class OutboundRoute:
    """One way out.

    Attributes:
        trunk: to send by.
        user: what is dialled on it.
        caller: what is shown to the called party.
        account: the local account that plays the called party; SIM only.
    """

    trunk: Trunk
    user: str
    caller: str
    account: str | None = None


def choose_outbound(
    target: PhoneNumber | str, trunks: tuple[Trunk, ...], *, caller_id: str, in_use: Mapping[str, int] | None = None
) -> list[OutboundRoute]:
    """Ways out for a number, best first.

    Args:
        target: a telephone number, or the digits of a short code such as ``110``.
        trunks: all that are configured.
        caller_id: the number to show; "" for each trunk's own. A trunk that may not show it is left out:
            the caller identity of a hotline must be its own number.
        in_use: live legs by name of the trunk.
    Raises:
        NoTrunkFor: none carries it, each with its reason.
    """
    user = target.national if isinstance(target, PhoneNumber) else target
    routes: list[OutboundRoute] = []
    refusals: list[str] = []
    for trunk in sorted(trunks, key=lambda each: each.priority):
        if (in_use or {}).get(trunk.name, 0) >= trunk.capacity_calls:
            refusals.append(f"{trunk.name}: all {trunk.capacity_calls} lines are in use")
            continue
        found = _outbound_route(trunk, target, user, caller_id)
        if isinstance(found, OutboundRoute):
            routes.append(found)
        else:
            refusals.append(f"{trunk.name}: {found}")
    if not routes:
        raise NoTrunkFor(tuple(refusals))
    return routes


def _outbound_route(trunk: Trunk, target: PhoneNumber | str, user: str, caller_id: str) -> OutboundRoute | str:
    if not re.fullmatch(trunk.carries, user):
        return f"does not carry such a number ({trunk.carries!r})"
    if caller_id and caller_id not in trunk.callers:
        return f"may not show the caller {caller_id!r}"
    caller = caller_id or (trunk.callers[0] if trunk.callers else "")
    if trunk.kind is not TrunkKind.SIM:
        return OutboundRoute(trunk, user, caller) if trunk.host else "has no address to send to"
    line = next((line for line in trunk.lines if line.number == target), trunk.lines[0] if trunk.lines else None)
    return "has no simulated line" if line is None else OutboundRoute(trunk, user, caller, line.account)


_MOBILE = re.compile(r"(?:\+?86|0086)?(1[3-9][0-9]{9})")


def caller_number(user: str, *, area_code: str = "532") -> PhoneNumber | None:
    """The caller's number from the user part of P-Asserted-Identity or From (signalling picks the one to believe).

    Args:
        user: e.g. ``13800001234``, ``+8653285551234`` or ``85551234``; "" for a withheld number.
        area_code: of local numbers, without the trunk 0.
    Returns:
        None for a withheld number or one nobody can be called back on.
    """
    if mobile := _MOBILE.fullmatch(user):  # most callers; reading any other number costs 0.1 ms
        return PhoneNumber(f"+86{mobile.group(1)}")
    try:
        return PhoneNumber.parse(user, area_code=area_code)
    except InvalidPhoneNumber:
        return None
