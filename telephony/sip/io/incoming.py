"""An inbound INVITE as its owner holds it."""

import logging

from telephony.sip.core.actions import Failure
from telephony.sip.core.address import Hop
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.headers import NameAddr, parse_name_addr
from telephony.sip.core.message import Request
from telephony.sip.core.uas import Headers, Uas
from telephony.sip.core.uri import parse_uri
from telephony.sip.core.user_agent import Phase
from telephony.sip.io.invites import InviteDialog, Line

log = logging.getLogger(__name__)


class IncomingInvite(InviteDialog):
    """An INVITE that came in, from the first byte to the BYE. The endpoint sends 100 when needed.

    Attributes:
        request: the INVITE itself (``request.get("Header")``).
        source: where it came from.
        account: the authenticated account, None for a trunk's call.
        trunk: name from the policy's ``Trusted``, None for an account's call.
        dialled: user part of the request URI, e.g. ``96556`` or ``*11``, unescaped, parameters removed.
        caller: the account, or the user part of P-Asserted-Identity (trusted trunks only) or of From; "" when
            withheld or anonymous.
        caller_name: display name of the same header.
        sdp: the offer; None means that the peer wants ours in the answer (``accept(offer)``, then ``acked(answer)``).
    """

    usage: Uas

    def __init__(
        self, line: Line, usage: Uas, source: Hop, *, account: str | None = None, trunk: str | None = None
    ) -> None:
        request = usage.invite
        super().__init__(line, usage, request.call_id, source, account=account, trunk=trunk)
        self.request: Request = request
        self.source = source
        self.dialled = parse_uri(request.uri).user
        self.sdp: str | None = request.sdp
        self.caller, self.caller_name = caller_of(request, trusted=trunk is not None)
        if account is not None:
            self.caller = account

    def progress(self, status: int = 180, sdp: str | None = None) -> None:
        """180 ringing, 183 with early media (SDP answer). May be repeated; re-sent each minute (RFC 3261 §13.3.1.1).

        Does nothing after a final response or the caller's CANCEL.
        """
        self.run(self.usage.progress(status, sdp.encode() if sdp else b""))

    def accept(self, sdp: str) -> bool:
        """200 with the answer (or our offer, if ``sdp`` was None); re-sent until the ACK comes.

        Returns:
            False if the caller gave up first: then the dialog is over and no event follows.
        """
        actions = self.usage.accept(sdp.encode())
        self.run(actions)
        return bool(actions)

    def reject(
        self,
        status: int,
        reason: str = "",
        *,
        q850: int | None = None,
        warning: str | None = None,
        headers: Headers = (),
    ) -> None:
        """A final refusal; logged with its reason. Nothing follows, ``events`` hears no more.

        Args:
            status: 300 to 699.
            reason: reason phrase; "" takes the RFC's.
            q850: written as ``Reason: Q.850;cause=…``.
            warning: text of a ``Warning: 399`` header.
            headers: further headers, e.g. ``("Retry-After", "5")``.
        """
        if self.usage.phase is Phase.INVITING:
            log.info(
                "call refused",
                extra={"call_id": self.call_id, "status": status, "why": warning or reason, "trunk": self.trunk},
            )
        self.run(self.usage.reject(status, reason, q850=q850, warning=warning, headers=headers))

    def reject_overloaded(self, retry_after_s: int = 5) -> None:
        """503, with Retry-After towards an account and without it towards a trunk, which would shut the leak lane too.

        RFC 3261 §21.5.4: a client that is told when to retry sends nothing until then.
        """
        headers = () if self.account is None else (("Retry-After", str(retry_after_s)),)
        self.reject(503, q850=42, warning="all lines are busy", headers=headers)

    @property
    def local_tag(self) -> str:
        """See transactions.ServerUser."""
        return self.usage.local_tag

    def cancelled(self, cancel: Request) -> None:
        """See transactions.ServerUser."""
        self.run(self.usage.cancelled(cancel))

    def undelivered(self, failure: Failure) -> None:
        """See transactions.ServerUser."""
        self.run(self.usage.transport_failed(failure))


def caller_of(request: Request, *, trusted: bool) -> tuple[str, str]:
    """User part and display name of the caller; "" where the network withholds them (RFC 3323, RFC 3325).

    Args:
        trusted: whether P-Asserted-Identity may be believed.
    """
    if trusted:
        for value in request.get_list("P-Asserted-Identity"):
            asserted = _user_and_name(value)
            if asserted[0]:
                return asserted
    if "anonymous.invalid" in request.fields["From"][0].lower():
        return "", ""
    user, name = _user_and_name(request.fields["From"][0])
    return ("", "") if user.lower() == "anonymous" else (user, name)


def _user_and_name(value: str) -> tuple[str, str]:
    try:
        address: NameAddr = parse_name_addr(value)
        return address.uri.user, address.display
    except MessageMalformed:
        return "", ""
