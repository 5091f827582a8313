"""REFER inside a call (RFC 3515): a phone asks us to connect its peer elsewhere, and hears by NOTIFY how that goes."""

from dataclasses import dataclass
from urllib.parse import unquote

from telephony.sip.core.actions import Notify, Respond, SendRequest, TransferAsked, UserAction
from telephony.sip.core.digest import DigestClient
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.events import TransferWish
from telephony.sip.core.headers import parse_name_addr
from telephony.sip.core.message import REASON_PHRASES, Request, make_response
from telephony.sip.core.offers import OfferUsage
from telephony.sip.core.reasons import one_line, warning_header
from telephony.sip.core.user_agent import Phase, UserAgent

_TOLD_S = 180
"""``expires`` of the implicit subscription; a transfer rings no longer than that."""


@dataclass(eq=False, slots=True)
class _Transfer:
    """One REFER, from its arrival to its last NOTIFY.

    Attributes:
        silent: the phone wants no NOTIFY (``Refer-Sub: false``, RFC 4488).
        event: value of the Event header; from the second REFER on it names which one (RFC 3515 §2.4.6).
        accepted: whether 202 has been sent.
    """

    request: Request
    silent: bool
    event: str
    accepted: bool = False


class TransferUsage(OfferUsage):
    """Takes one REFER at a time, from peers that may send one (``UserAgent.allow``)."""

    def __init__(self, agent: UserAgent, digest: DigestClient | None = None) -> None:
        super().__init__(agent, digest)
        self._transfer: _Transfer | None = None
        self._refers = 0

    def accept_transfer(self, request: Request) -> list[UserAction]:
        """202, and the first NOTIFY: 100 (RFC 3515 §2.4.4)."""
        transfer = self._transfer
        if transfer is None or request is not transfer.request or transfer.accepted:
            return []
        transfer.accepted = True
        headers = [("Contact", self.agent.contact)]
        if transfer.silent:
            headers.append(("Refer-Sub", "false"))
        response = Respond(request, make_response(request, 202, headers=headers))
        return [response, *self.tell_transfer(request, 100)]

    def tell_transfer(self, request: Request, status: int, reason: str = "") -> list[UserAction]:
        """NOTIFY how far it is: the status line of the new call; a final one ends the subscription."""
        transfer = self._transfer
        if transfer is None or request is not transfer.request or not transfer.accepted:
            return []
        if status >= 200:
            self._transfer = None
        if transfer.silent or self.phase is not Phase.CONFIRMED:
            return []
        state = f"active;expires={_TOLD_S}" if status < 200 else "terminated;reason=noresource"
        headers = [("Event", transfer.event), ("Subscription-State", state), ("Contact", self.agent.contact)]
        line = f"SIP/2.0 {status} {one_line(reason) or REASON_PHRASES.get(status, 'Unknown')}\r\n"
        return [SendRequest(self._proved_request("NOTIFY", headers, line.encode(), "message/sipfrag;version=2.0"))]

    def refuse_transfer(self, request: Request, status: int, warning: str | None = None) -> list[UserAction]:
        """Refuse the REFER; the call goes on."""
        transfer = self._transfer
        if transfer is None or request is not transfer.request or transfer.accepted:
            return []
        self._transfer = None
        headers = [warning_header(self.agent.host, warning)] if warning else []
        return [Respond(request, make_response(request, status, headers=headers))]

    def _refer_came(self, request: Request) -> list[UserAction]:
        if self.phase is not Phase.CONFIRMED or self._bye_after_ack is not None:
            return [Respond(request, make_response(request, 481))]
        if self._transfer is not None:
            return [Respond(request, make_response(request, 491))]
        wish = read_refer(request)
        if wish.target.partition(":")[0].lower() not in ("sip", "sips", "tel"):
            return [Respond(request, make_response(request, 416))]
        self._refers += 1
        event = "refer" if self._refers == 1 else f"refer;id={request.cseq.number}"
        silent = (request.get("Refer-Sub") or "").partition(";")[0].strip().lower() == "false"
        self._transfer = _Transfer(request, silent, event)
        return [Notify(TransferAsked(request, wish))]

    def _transfer_unheard(self) -> list[UserAction]:
        """A NOTIFY was refused: the phone no longer listens; the transfer itself goes on (RFC 5057 §5.1)."""
        self._transfer = None
        return []

    def _drop_pending(self) -> list[UserAction]:
        transfer, self._transfer = self._transfer, None
        actions = super()._drop_pending()
        if transfer is not None and not transfer.accepted:
            actions.append(Respond(transfer.request, make_response(transfer.request, 487)))
        return actions


def read_refer(request: Request) -> TransferWish:
    """What a REFER asks for.

    Raises:
        MessageMalformed: not exactly one Refer-To, or it cannot be read (RFC 3515 §2.4.2).
    """
    values = request.fields.get("Refer-To", [])
    if len(values) != 1:
        raise MessageMalformed("REFER needs one Refer-To")
    text = parse_name_addr(values[0]).uri_text
    target, _, headers = text.partition("?")
    if not target or any(character <= " " or character in "<>" for character in target):
        raise MessageMalformed("Refer-To holds no URI")
    replaces = None
    for part in headers.split("&"):
        name, _, value = part.partition("=")
        if name.lower() == "replaces" and value:
            replaces = one_line(unquote(value))
    return TransferWish(target, replaces, request.get("Referred-By"))
