"""One SIP endpoint on the memory network, with an owner that notes what it is told, and messages for its peers."""

from itertools import count

from telephony.sip import (
    AddressPolicy,
    Contact,
    Credentials,
    DialogEnd,
    Hop,
    IncomingInvite,
    InviteEvents,
    InviteFailed,
    LocalMedia,
    Provisional,
    RemoteOffer,
    SipEndpoint,
    SipSettings,
    Transfer,
    TrustedAddress,
    WrongPasswordLimiter,
    answer_offer,
    make_offer,
)
from tests.fakes.sip_network import Peer, SipNetwork, Timeline

SERVER = Hop("10.0.0.1", 5060)
TRUNK = "10.0.0.2"
STRANGER = "10.9.9.9"
LOCAL = LocalMedia("10.0.0.1", 4000, 1)
REMOTE = LocalMedia("10.0.0.2", 6000, 7)
OFFER = make_offer(REMOTE)


class Notes(InviteEvents):
    """Writes down every event; answers re-INVITEs when told to."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.offers: list[RemoteOffer] = []
        self.transfers: list[Transfer] = []
        self.accept_offers = True

    @property
    def names(self) -> list[str]:
        return [event if isinstance(event, str) else type(event).__name__ for event in self.events]

    def cancelled(self, reason: str) -> None:
        self.events.append("cancelled")

    def acked(self, sdp: str | None) -> None:
        self.events.append("acked" if sdp is None else "acked with answer")

    def provisional(self, event: Provisional) -> None:
        self.events.append(event)

    def answered(self, sdp: str | None, fork: str) -> None:
        self.events.append("answered")
        self.sdp = sdp

    def failed(self, event: InviteFailed) -> None:
        self.events.append(event)

    def offered(self, offer: RemoteOffer) -> None:
        self.events.append("offered")
        self.offers.append(offer)
        if self.accept_offers:
            sdp = offer.sdp
            offer.accept(make_offer(LOCAL) if sdp is None else answer_offer(sdp, LOCAL).sdp)

    def info(self, content_type: str, body: bytes) -> None:
        self.events.append(body)

    def transfer_asked(self, transfer: Transfer) -> None:
        self.events.append(transfer.wish)
        self.transfers.append(transfer)

    def ended(self, end: DialogEnd) -> None:
        self.events.append(end)


class Owner:
    """See SipHandlers: keeps the calls, and does nothing with them unless ``accept_at_once``."""

    def __init__(self, *, accept_at_once: bool = False) -> None:
        self.invites: list[IncomingInvite] = []
        self.notes: list[Notes] = []
        self.registrations: list[tuple[str, int]] = []
        self.trunks: list[tuple[str, bool, str]] = []
        self.accept_at_once = accept_at_once
        self.local = LOCAL

    def invited(self, invite: IncomingInvite) -> None:
        notes = Notes()
        invite.events = notes
        self.invites.append(invite)
        self.notes.append(notes)
        if self.accept_at_once:
            invite.progress(180)
            local = self.local
            invite.accept(make_offer(local) if invite.sdp is None else answer_offer(invite.sdp, local).sdp)

    def registration_changed(self, account: str, contacts: tuple[Contact, ...]) -> None:
        self.registrations.append((account, len(contacts)))

    def trunk_registration_changed(self, trunk: str, registered: bool, detail: str) -> None:
        self.trunks.append((trunk, registered, detail))


ACCOUNTS = {"6001": Credentials("6001", "secret"), "6002": Credentials("6002", "other")}


class Line:
    """The hotline's endpoint at 10.0.0.1, a trunk at 10.0.0.2, a phone at 10.0.0.3."""

    def __init__(self, network: SipNetwork | None = None, *, accept_at_once: bool = False, **settings: object) -> None:
        self.network = network or SipNetwork(Timeline())
        self.timeline = self.network.timeline
        self.owner = Owner(accept_at_once=accept_at_once)
        self.limiter = WrongPasswordLimiter(self.timeline.monotonic_s, allowed=3)
        self.endpoint = self.new_endpoint(SERVER.host, self.owner, **settings)
        self.trunk: Peer = self.network.peer(TRUNK)
        self.phone: Peer = self.network.peer("10.0.0.3")

    def new_endpoint(self, host: str, owner: Owner, **settings: object) -> SipEndpoint:
        tokens = count(1)
        trunks = settings.pop("trunks", ())
        return SipEndpoint(
            SipSettings(bind_host=host, **settings),  # type: ignore[arg-type]
            self.timeline,
            owner,
            AddressPolicy([TrustedAddress("carrier", TRUNK)], ACCOUNTS.get, self.limiter),
            trunks=trunks,  # type: ignore[arg-type]
            new_token=lambda: f"{host.replace('.', '')}t{next(tokens)}",
            scheduler=self.timeline,
            network=self.network.host(),
        )

    def advance(self, seconds: float = 0.1) -> None:
        self.timeline.advance(seconds)

    def trunk_sends(self, message: str | bytes) -> None:
        """One message of the trunk, and the time it needs."""
        self.trunk.send(message, SERVER)
        self.advance()

    def phone_sends(self, message: str | bytes) -> None:
        self.phone.send(message, SERVER)
        self.advance()

    @property
    def notes(self) -> Notes:
        """Of the latest call."""
        return self.owner.notes[-1]

    @property
    def invite(self) -> IncomingInvite:
        """The latest call."""
        return self.owner.invites[-1]

    def quiet(self) -> bool:
        """Whether no transaction, dialog or timer is left."""
        stats = self.endpoint.stats()
        return (stats.server_transactions, stats.client_transactions, stats.dialogs, stats.timers) == (0, 0, 0, 0)


def request(
    method: str = "INVITE",
    *,
    number: int = 1,
    branch: str = "",
    to_tag: str = "",
    call_id: str = "call-1",
    from_tag: str = "their-tag",
    host: str = TRUNK,
    uri: str = "sip:96556@10.0.0.1",
    user: str = "13800001234",
    to_user: str = "96556",
    body: str | None = None,
    headers: tuple[str, ...] = (),
    contact: bool = True,
    transport: str = "UDP",
) -> str:
    """A request as a carrier would write it."""
    if body is None:
        body = OFFER if method == "INVITE" else ""
    lines = [
        f"{method} {uri} SIP/2.0",
        f"Via: SIP/2.0/{transport} {host}:5060;branch=z9hG4bK{branch or f'{call_id}-{number}'};rport",
        "Max-Forwards: 70",
        f"From: <sip:{user}@{host}>;tag={from_tag}",
        f"To: <sip:{to_user}@10.0.0.1>" + (f";tag={to_tag}" if to_tag else ""),
        f"Call-ID: {call_id}",
        f"CSeq: {number} {method}",
    ]
    if contact and method in ("INVITE", "REGISTER"):
        lines.append(f"Contact: <sip:{user}@{host}:5060>")
    lines += headers
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join(lines) + "\r\n\r\n" + body


def ack_of(invite: str, to_tag: str, *, refused: bool = False, body: str = "") -> str:
    """The ACK to the final response of that INVITE: with its branch after a refusal, with a fresh one after a 2xx."""
    head = invite.partition("\r\n\r\n")[0].split("\r\n")
    lines = ["ACK" + head[0].removeprefix("INVITE")]
    for line in head[1:]:
        name = line.partition(":")[0]
        if name == "Via":
            lines.append(line if refused else line.replace("branch=z9hG4bK", "branch=z9hG4bKack"))
        elif name == "To":
            lines.append(f"{line};tag={to_tag}" if ";tag=" not in line else line)
        elif name == "CSeq":
            lines.append(line.replace("INVITE", "ACK"))
        elif name in ("From", "Call-ID", "Max-Forwards"):
            lines.append(line)
    if body:
        lines.append("Content-Type: application/sdp")
    lines.append(f"Content-Length: {len(body.encode())}")
    return "\r\n".join(lines) + "\r\n\r\n" + body
