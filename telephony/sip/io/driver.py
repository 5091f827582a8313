"""The endpoint: sockets, clock, transaction table and dispatch. It decides nothing that a core class can decide."""

import asyncio
import logging
import secrets
from collections.abc import Callable
from dataclasses import asdict
from typing import Protocol

from telephony.sip.core.address import Contact, Hop
from telephony.sip.core.credentials import Credentials
from telephony.sip.core.digest import DigestClient
from telephony.sip.core.digest_server import DigestServer
from telephony.sip.core.errors import MessageMalformed, WrongState
from telephony.sip.core.events import EndedBy, InviteEvents
from telephony.sip.core.message import Request, Response
from telephony.sip.core.registrar import Registrar
from telephony.sip.core.registration_client import RegistrationClient
from telephony.sip.core.uac import Uac
from telephony.sip.core.uri import parse_uri
from telephony.sip.core.user_agent import ALLOW, ALLOW_FROM_PHONES, Phase, UserAgent
from telephony.sip.io.access import Gate
from telephony.sip.io.incoming import IncomingInvite
from telephony.sip.io.intake import Intake
from telephony.sip.io.invites import InviteDialog
from telephony.sip.io.network import SocketNetwork
from telephony.sip.io.outgoing import OutgoingInvite, contact_value, make_invite
from telephony.sip.io.policy import AccessPolicy
from telephony.sip.io.ports import Network, Scheduler
from telephony.sip.io.settings import SipSettings, TrunkRegistration
from telephony.sip.io.stats import SipStats
from telephony.sip.io.transactions import ClientUser, TransactionTable
from telephony.sip.io.trunk_registration import TrunkRegistrationKeeper
from telephony.sip.io.wire import Wire, uri_hop
from vocabulary.clock import Clock

log = logging.getLogger(__name__)


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
        scheduler: timers; None takes the running loop at start().
        network: sockets; None takes real ones.
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
        scheduler: Scheduler | None = None,
        network: Network | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._handlers = handlers
        self._policy = policy
        self._trunks = trunks
        self._new_token = new_token or _random_token
        self._given_scheduler = scheduler
        self._network = network or SocketNetwork(max_tcp_connections=settings.max_tcp_connections)
        self._dialogs: dict[tuple[str, str], InviteDialog] = {}
        self._keepers: list[TrunkRegistrationKeeper] = []
        self._idle = asyncio.Event()
        self._stopping = False
        self.scheduler: Scheduler
        self._wire: Wire
        self._table: TransactionTable
        self._gate: Gate
        self._intake: Intake

    @property
    def port(self) -> int:
        """The port in use, once started."""
        return self._wire.port

    async def start(self) -> None:
        """Bind UDP and TCP and begin to register at trunks.

        Raises:
            PortInUse: names the address and the port.
        """
        settings = self._settings
        self.scheduler = self._given_scheduler or asyncio.get_running_loop()
        self._assemble()
        self._wire.port = await self._network.open(
            settings.bind_host,
            settings.port,
            tcp=settings.tcp,
            received=self._intake.received,
            closed=self._gate.flow_closed,
        )
        log.info("SIP listens", extra={"host": settings.bind_host, "port": self._wire.port, "tcp": settings.tcp})
        for trunk in self._trunks:
            self._begin_registration(trunk)

    async def stop(self, *, grace_s: float = 2.0) -> None:
        """Refuse or end what lives (503, CANCEL, BYE), wait up to ``grace_s`` for answers, unregister, close."""
        self._stopping = self._intake.stopping = True
        for keeper in self._keepers:
            keeper.leave()
        for dialog in list(self._dialogs.values()):
            self._end(dialog)
        if self._dialogs and grace_s > 0:
            self._idle.clear()
            try:
                await asyncio.wait_for(self._idle.wait(), grace_s)
            except TimeoutError:
                log.warning("dialogs left at the end", extra={"dialogs": len(self._dialogs)})
        for dialog in list(self._dialogs.values()):
            dialog.drop()
        self._table.clear()
        self._gate.close()
        self._wire.close()
        self._network.close()

    def stats(self) -> SipStats:
        """Counters and gauges for /metrics."""
        dialogs = set(self._dialogs.values())
        counters = asdict(self._table.counters)
        counters["malformed"] += self._network.malformed_streams
        return SipStats(
            **counters,
            server_transactions=self._table.servers,
            client_transactions=self._table.clients,
            dialogs=len(dialogs),
            registered_accounts=len(self._gate.registrar.accounts()),
            tcp_connections=self._network.connections,
            timers=self._table.running_timers + sum(dialog.running_timers for dialog in dialogs),
        )

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
        max_forwards: int = 70,
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
            max_forwards: of the leg that this one continues, less one (RFC 7332).

        Raises:
            MessageMalformed: the target is no SIP URI.
            WrongState: the endpoint stops, or has too many dialogs.
        """
        uri = parse_uri(target)
        if uri.scheme not in ("sip", "sips") or any(character <= " " or character in "<>" for character in target):
            raise MessageMalformed("the target is no SIP URI")
        if self._stopping or len(self._dialogs) >= self._settings.max_invites:
            raise WrongState("the endpoint takes no further call")
        hop = hop or uri_hop(uri)
        contact = contact_value(caller, self._wire.host, self._wire.port, hop.transport)
        request = make_invite(
            target,
            caller=caller,
            caller_name=caller_name,
            caller_host=caller_host or self._wire.host,
            contact=contact,
            product=self._settings.product,
            new_token=self._new_token,
            asserted_identity=asserted_identity,
            headers=headers,
            max_forwards=max_forwards,
            sdp=sdp,
        )
        digest = DigestClient(credentials, self._new_token()) if credentials is not None else None
        usage = Uac(request, self.agent(contact, trunk=trunk, account=account), digest)
        dialog = OutgoingInvite(self, usage, hop, account=account, trunk=trunk)
        dialog.events = events
        self._table.counters.invites_out += 1
        self._dialogs[request.call_id, usage.local_tag] = dialog
        dialog.start()
        return dialog

    def contacts(self, account: str) -> tuple[Contact, ...]:
        """Live contacts of an account, best q first; () if it is not registered."""
        return self._gate.registrar.contacts(account, self._clock.monotonic_s())

    def registrations(self) -> dict[str, tuple[Contact, ...]]:
        """Every registered account."""
        return {account: self.contacts(account) for account in self._gate.registrar.accounts()}

    def unregister(self, account: str) -> None:
        """Drop all contacts of an account (removed or locked by an administrator)."""
        if self._gate.registrar.remove(account):
            self._registration_changed(account)

    # -- for dialogs and intake ----------------------------------------------------------------------------------

    def agent(self, contact: str, *, trunk: str | None, account: str | None) -> UserAgent:
        """What a new dialog needs to know of us."""
        settings = self._settings
        return UserAgent(
            self._wire.host,
            contact,
            settings.product,
            settings.timers,
            self._new_token,
            _random_share,
            settings.session,
            reliable=trunk in settings.reliable_trunks,
            allow=ALLOW if account is None else ALLOW_FROM_PHONES,
        )

    def respond(self, request: Request, response: Response) -> None:
        """See invites.Line."""
        self._table.respond(request, response)

    def send_request(self, dialog: InviteDialog, request: Request) -> None:
        """See invites.Line."""
        hop = dialog.remote if request.method == "CANCEL" else self._hop(dialog, request)
        self._send_new(request, hop, dialog)

    def send_ack(self, dialog: InviteDialog, request: Request) -> None:
        """See invites.Line."""
        hop = self._hop(dialog, request)
        self._wire.add_via(request, hop.transport)
        self._wire.send(request, hop, _nothing)

    def forget(self, dialog: InviteDialog) -> None:
        """See invites.Line."""
        if isinstance(dialog, OutgoingInvite) and "Via" in dialog.usage.invite.fields:
            self._table.abandon(dialog.usage.invite)
        key = (dialog.call_id, dialog.usage.local_tag)
        if self._dialogs.get(key) is dialog:
            del self._dialogs[key]
        if not self._dialogs:
            self._idle.set()

    def _assemble(self) -> None:
        settings = self._settings
        self._table = TransactionTable(settings.timers, self.scheduler, self._transmit, self._ack_came)
        self._wire = Wire(self._network, self.scheduler, self._clock.monotonic_s, self._table.counters, self._new_token)
        self._wire.host = settings.advertised_host or settings.bind_host
        registrar = Registrar(
            settings.min_expires_s, settings.max_expires_s, settings.max_contacts, settings.max_registrations
        )
        digest = DigestServer(
            settings.realm,
            secrets.token_bytes(32),
            self._policy.credentials,
            algorithms=settings.digest_algorithms,
        )
        self._gate = Gate(
            self._wire.host,
            self._policy,
            digest,
            registrar,
            self._clock.monotonic_s,
            self.scheduler,
            self._new_token,
            self._registration_changed,
            self._table.counters,
            settings.md5_only_agents,
        )
        self._intake = Intake(
            settings,
            self._table,
            self._wire,
            self._gate,
            self._dialogs,
            self,
            self._handlers.invited,
            self._new_token,
            self._clock.monotonic_s,
        )

    def _transmit(self, message: Request | Response, hop: Hop, failed: Callable[[], None]) -> None:
        self._wire.send(message, hop, failed)

    def _send_new(self, request: Request, hop: Hop, user: ClientUser | None) -> None:
        self._wire.add_via(request, hop.transport)
        self._table.open_client(request, hop, user)

    def _hop(self, dialog: InviteDialog, request: Request) -> Hop:
        """A phone is reached by the flow it came by (it may sit behind a NAT), a trunk by route set and target."""
        path = dialog.usage.dialog_of(request)
        if dialog.account is not None or path is None:
            return dialog.remote
        try:
            if "Route" in request.fields or path.route_set:
                return uri_hop(path.next_hop())
            return uri_hop(parse_uri(request.uri))
        except MessageMalformed:
            return dialog.remote

    def _ack_came(self, ack: Request) -> None:
        self._intake.ack(ack)

    def _registration_changed(self, account: str) -> None:
        try:
            self._handlers.registration_changed(account, self.contacts(account))
        except Exception:
            log.exception("the owner of the registrations raised", extra={"account": account})

    def _begin_registration(self, trunk: TrunkRegistration) -> None:
        contact = contact_value(trunk.credentials.username, self._wire.host, self._wire.port, trunk.registrar.transport)
        client = RegistrationClient(
            trunk.domain, trunk.credentials, contact, self._settings.product, trunk.expires_s, self._new_token
        )

        def send(request: Request, user: ClientUser) -> None:
            self._send_new(request, trunk.registrar, user)

        def changed(name: str, registered: bool, detail: str) -> None:
            try:
                self._handlers.trunk_registration_changed(name, registered, detail)
            except Exception:
                log.exception("the owner of the trunks raised", extra={"trunk": name})

        keeper = TrunkRegistrationKeeper(trunk, client, send, self.scheduler, changed)
        self._keepers.append(keeper)
        keeper.begin()

    def _end(self, dialog: InviteDialog) -> None:
        if dialog.usage.phase is not Phase.INVITING:
            dialog.run(dialog.usage.bye(q850=41, text="the system stops", by=EndedBy.SHUT_DOWN))
        elif isinstance(dialog, IncomingInvite):
            dialog.reject(503, q850=41, warning="the system stops")
        elif isinstance(dialog, OutgoingInvite):
            dialog.cancel(q850=41, text="the system stops")


def _random_token() -> str:
    return secrets.token_hex(8)


def _random_share() -> float:
    return secrets.randbelow(1001) / 1000


def _nothing() -> None:
    return None
