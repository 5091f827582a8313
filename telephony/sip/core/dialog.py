"""One dialog: identity, sequence numbers, route set and target; it makes requests and checks those that come."""

from dataclasses import dataclass, field
from enum import Enum

from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.headers import parse_name_addr
from telephony.sip.core.message import Request, Response
from telephony.sip.core.uri import Uri, parse_uri


class DialogState(Enum):
    """RFC 3261 §12."""

    EARLY = "early"
    CONFIRMED = "confirmed"
    TERMINATED = "terminated"


@dataclass(eq=False, slots=True)
class Dialog:
    """What both user agents remember of each other (RFC 3261 §12).

    Attributes:
        call_id: Call-ID.
        local, remote: From and To values as this side writes them, tags included.
        local_tag, remote_tag: those tags; the remote one may be "" with a peer older than RFC 3261.
        local_seq: number of our last request.
        remote_seq: number of the peer's last request; None before the first.
        route_set: Route values in the order in which we write them.
        remote_target: URI of the peer's Contact.
        contact: our Contact value.
        product: our User-Agent.
        state: early or confirmed.
    """

    call_id: str
    local: str
    remote: str
    local_tag: str
    remote_tag: str
    local_seq: int
    remote_seq: int | None
    route_set: list[str]
    remote_target: str
    contact: str
    product: str = ""
    state: DialogState = DialogState.EARLY
    _ack_by_number: dict[int, Request] = field(default_factory=dict)

    @classmethod
    def as_callee(cls, invite: Request, local_tag: str, contact: str, product: str = "") -> "Dialog":
        """The UAS's side of the dialog that the INVITE may make (RFC 3261 §12.1.1).

        Raises:
            MessageMalformed: the INVITE has no usable Contact.
        """
        return cls(
            call_id=invite.call_id,
            local=f"{invite.fields['To'][0]};tag={local_tag}",
            remote=invite.fields["From"][0],
            local_tag=local_tag,
            remote_tag=invite.from_tag,
            local_seq=0,
            remote_seq=invite.cseq.number,
            route_set=invite.get_list("Record-Route"),
            remote_target=_contact_uri(invite),
            contact=contact,
            product=product,
        )

    @classmethod
    def as_caller(cls, invite: Request, response: Response, contact: str, product: str = "") -> "Dialog":
        """The UAC's side of the dialog that a 1xx or 2xx makes (RFC 3261 §12.1.2).

        A provisional response without Contact leaves the target at the request URI.

        Raises:
            MessageMalformed: the Contact is none.
        """
        has_contact = response.get("Contact") is not None
        return cls(
            call_id=invite.call_id,
            local=invite.fields["From"][0],
            remote=response.fields["To"][0],
            local_tag=invite.from_tag,
            remote_tag=response.to_tag,
            local_seq=invite.cseq.number,
            remote_seq=None,
            route_set=list(reversed(response.get_list("Record-Route"))),
            remote_target=_contact_uri(response) if has_contact else invite.uri,
            contact=contact,
            product=product,
        )

    def confirm(self, response: Response) -> None:
        """Our INVITE was accepted: take the route set and target of the 2xx (RFC 3261 §13.2.2.4)."""
        self.state = DialogState.CONFIRMED
        self.remote = response.fields["To"][0]
        if "Record-Route" in response.fields:
            self.route_set = list(reversed(response.get_list("Record-Route")))
        self.refresh_target(response)

    def refresh_target(self, message: Request | Response) -> None:
        """A target refresh request or its 2xx moves the peer's Contact (RFC 3261 §12.2); a broken one is ignored."""
        if message.get("Contact") is None:
            return
        try:
            self.remote_target = _contact_uri(message)
        except MessageMalformed:
            return

    def in_order(self, request: Request) -> bool:
        """Whether the request's number is not lower than the last one's (RFC 3261 §12.2.2); remembers it."""
        number = request.cseq.number
        if self.remote_seq is not None and number < self.remote_seq:
            return False
        self.remote_seq = number
        return True

    def request(
        self, method: str, *, headers: tuple[tuple[str, str], ...] = (), body: bytes = b"", content_type: str = ""
    ) -> Request:
        """The next request inside the dialog, without Via (RFC 3261 §12.2.1.1)."""
        self.local_seq += 1
        return self._build(method, self.local_seq, headers, body, content_type)

    def ack(self, invite: Request, *, body: bytes = b"", content_type: str = "") -> Request:
        """The ACK to a 2xx of that INVITE of ours; asked again it is the same message, for a repeated 2xx."""
        number = invite.cseq.number
        known = self._ack_by_number.get(number)
        if known is not None:
            return known
        proofs = tuple(
            (name, value) for name in ("Authorization", "Proxy-Authorization") for value in invite.fields.get(name, ())
        )
        ack = self._build("ACK", number, proofs, body, content_type)
        self._ack_by_number = {number: ack}
        return ack

    def acked(self, invite: Request) -> Request | None:
        """The ACK already sent to a 2xx of that INVITE."""
        return self._ack_by_number.get(invite.cseq.number)

    def next_hop(self) -> Uri:
        """Where the next request goes: the first route, else the remote target (RFC 3261 §12.2.1.1).

        Raises:
            MessageMalformed: the URI is none.
        """
        if self.route_set:
            return parse_name_addr(self.route_set[0]).uri
        return parse_uri(self.remote_target)

    def _build(
        self, method: str, number: int, headers: tuple[tuple[str, str], ...], body: bytes, content_type: str
    ) -> Request:
        uri, routes = self.remote_target, self.route_set
        if routes and not parse_name_addr(routes[0]).uri.loose:  # a strict router (RFC 2543) takes the request URI
            uri, routes = parse_name_addr(routes[0]).uri_text, [*routes[1:], f"<{self.remote_target}>"]
        fields = {
            "Max-Forwards": ["70"],
            "From": [self.local],
            "To": [self.remote],
            "Call-ID": [self.call_id],
            "CSeq": [f"{number} {method}"],
        }
        if routes:
            fields["Route"] = list(routes)
        if method in ("INVITE", "UPDATE"):  # target refresh requests
            fields["Contact"] = [self.contact]
        for name, value in headers:
            fields.setdefault(name, []).append(value)
        if self.product:
            fields["User-Agent"] = [self.product]
        if body:
            fields["Content-Type"] = [content_type]
        return Request(method, uri, fields, body)


def _contact_uri(message: Request | Response) -> str:
    contacts = message.get_list("Contact")
    if not contacts:
        raise MessageMalformed("Contact is missing")
    address = parse_name_addr(contacts[0])
    if address.uri.scheme not in ("sip", "sips"):
        raise MessageMalformed("Contact is no SIP URI")
    if any(character <= " " or character in "<>" for character in address.uri_text):  # it becomes our request line
        raise MessageMalformed("Contact holds a blank inside its URI")
    return address.uri_text
