"""What the endpoint needs to know, as plain values; ``server.py`` fills them from the settings file."""

from dataclasses import dataclass, field

from telephony.sip.core.address import Hop
from telephony.sip.core.credentials import Credentials
from telephony.sip.core.session_timer import SessionTimerRules
from telephony.sip.core.timers import SipTimers


@dataclass(frozen=True, slots=True)
class SipSettings:
    """One endpoint: UDP and TCP on one address and port.

    Attributes:
        bind_host: IP literal to listen on.
        port: UDP and TCP port; 0 takes a free one (the same for both), see ``SipEndpoint.port``.
        advertised_host: address in Via and Contact; "" means ``bind_host``, so it must be given with 0.0.0.0.
        tcp: whether to listen on TCP too.
        realm: of our digest challenges.
        digest_algorithms: challenges in this order, strongest first (RFC 8760 §2.4).
        md5_only_agents: beginnings of the User-Agent of phones that give up at a challenge they do not know instead of
            taking the next one, and so are challenged with MD5 alone; "" stands for requests without User-Agent.
            Source: baresip 1.0 (libre's auth.c) and sipp 3.6, both of Debian 12. Weakens nobody else, since MD5 is
            offered to all.
        product: User-Agent and Server header.
        timers: RFC 3261 timers.
        session: session timers (RFC 4028), offered and granted: 1 800 s, at least 90 s.
        reliable_trunks: names of trunks that get reliable provisional responses (RFC 3262) when they only support
            them; whoever requires them gets them anyway.
        min_expires_s, max_expires_s: bounds of a registration (423 below).
        max_contacts: per account; one more is refused with 403.
        max_registrations: accounts with contacts, over all.
        max_transactions: server transactions at once; beyond it requests are refused with 503.
        max_invites: dialogs at once, both directions; beyond it INVITEs are refused with 503.
        max_tcp_connections: beyond it the newest connection is closed.
    """

    bind_host: str = "127.0.0.1"
    port: int = 5060
    advertised_host: str = ""
    tcp: bool = True
    realm: str = "nuanxian"
    digest_algorithms: tuple[str, ...] = ("SHA-256", "MD5")
    md5_only_agents: tuple[str, ...] = ("", "baresip v0.", "baresip v1.")
    product: str = "Nuanxian"
    timers: SipTimers = field(default_factory=SipTimers)
    session: SessionTimerRules = field(default_factory=SessionTimerRules)
    reliable_trunks: frozenset[str] = frozenset()
    min_expires_s: int = 30
    max_expires_s: int = 3600
    max_contacts: int = 5
    max_registrations: int = 20_000
    max_transactions: int = 20_000
    max_invites: int = 4_000
    max_tcp_connections: int = 1_000


@dataclass(frozen=True, slots=True)
class TrunkRegistration:
    """A trunk at which we register (RFC 3261 §10.2).

    Attributes:
        name: the trunk's name.
        registrar: where REGISTER goes.
        domain: host part of the address of record.
        credentials: only ever sent to ``registrar``.
        expires_s: lifetime we ask for.
    """

    name: str
    registrar: Hop
    domain: str
    credentials: Credentials
    expires_s: int = 300
