"""The endpoint: sockets, clock, transaction table and dispatch. It decides nothing that a core class can decide."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from telephony.sip.core.address import Contact, Hop
from telephony.sip.core.credentials import Credentials
from telephony.sip.core.events import InviteEvents
from telephony.sip.io.invites import IncomingInvite, OutgoingInvite
from telephony.sip.io.policy import AccessPolicy
from telephony.sip.io.settings import SipSettings, TrunkRegistration
from vocabulary.clock import Clock


@dataclass(frozen=True, slots=True)
class SipStats:
    """Counters since the start, and gauges of now."""

    received: int
    sent: int
    malformed: int
    dropped: int
    retransmitted: int
    challenged: int
    wrong_passwords: int
    refused_overload: int
    invites_in: int
    invites_out: int
    server_transactions: int
    client_transactions: int
    dialogs: int
    registered_accounts: int
    tcp_connections: int
    timers: int


class SipHandlers(Protocol):
    """What the endpoint's owner does with what comes in. Called from the event loop; must not block."""

    def invited(self, invite: IncomingInvite) -> None:
        """A new call. Set ``invite.events`` here; progress, accept or reject now or later.

        If it returns without a response the endpoint sends 100 at once.
        """
        ...

    def registration_changed(self, account: str, contacts: tuple[Contact, ...]) -> None:
        """The account's live contacts changed (registered, unregistered, expired); not told on a mere refresh."""
        ...

    def trunk_registration_changed(self, trunk: str, registered: bool, detail: str) -> None:
        """A trunk at which we register accepted or refused us."""
        ...


class SipEndpoint:
    """A SIP user agent, UAS and registrar on one port.

    Args:
        settings: see SipSettings.
        clock: monotonic time for registrations, nonces and limits.
        handlers: see SipHandlers.
        policy: see AccessPolicy.
        trunks: registrations to keep up.
        new_token: fresh random text for tags, branches and Call-IDs; tests hand in a counter.
    """

    def __init__(
        self,
        settings: SipSettings,
        clock: Clock,
        handlers: SipHandlers,
        policy: AccessPolicy,
        *,
        trunks: tuple[TrunkRegistration, ...] = (),
        new_token: Callable[[], str] | None = None,
    ) -> None:
        raise NotImplementedError

    @property
    def port(self) -> int:
        """The port in use, once started."""
        raise NotImplementedError

    async def start(self) -> None:
        """Bind UDP and TCP and begin to register at trunks.

        Raises:
            PortInUse: names the address and the port.
        """
        raise NotImplementedError

    async def stop(self, *, grace_s: float = 2.0) -> None:
        """Refuse or end what lives (503, CANCEL, BYE), wait up to ``grace_s`` for answers, unregister, close."""
        raise NotImplementedError

    def stats(self) -> SipStats:
        """Counters and gauges for /metrics."""
        raise NotImplementedError

    def invite(
        self,
        target: str,
        *,
        caller: str,
        events: InviteEvents,
        sdp: str | None,
        hop: Hop | None = None,
        caller_name: str = "",
        caller_host: str = "",
        asserted_identity: str | None = None,
        credentials: Credentials | None = None,
        account: str | None = None,
        trunk: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> OutgoingInvite:
        """Send an INVITE; returns at once, what happens is told to ``events`` (never before this returns).

        Args:
            target: request URI, e.g. ``sip:13800001234@10.0.0.1`` or a Contact's ``uri``.
            caller: user part of From.
            events: your side.
            sdp: the offer; None asks the peer for one (then answer with ``OutgoingInvite.ack``).
            hop: where to send it (a trunk's proxy, a Contact's ``flow``); None resolves the target's host.
            caller_host: host part of From; "" is our own address.
            asserted_identity: URI for P-Asserted-Identity (RFC 3325), only towards a trusted trunk.
            credentials: answer 401/407 with these; only if the challenge comes from ``hop``'s own address and, if
                ``credentials.realm`` is set, names that realm.
            account: told back as ``OutgoingInvite.account``; requests inside the dialog then follow the phone's flow.
            trunk: told back as ``OutgoingInvite.trunk``.
            headers: further headers.
        """
        raise NotImplementedError

    def contacts(self, account: str) -> tuple[Contact, ...]:
        """Live contacts of an account, best q first; () if it is not registered."""
        raise NotImplementedError

    def registrations(self) -> dict[str, tuple[Contact, ...]]:
        """Every registered account."""
        raise NotImplementedError

    def unregister(self, account: str) -> None:
        """Drop all contacts of an account (removed or locked by an administrator)."""
        raise NotImplementedError
