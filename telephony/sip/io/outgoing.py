"""An outbound INVITE as its owner holds it, and the request it begins with."""

from collections.abc import Callable

from telephony.sip.core.address import Hop
from telephony.sip.core.events import InviteFailed
from telephony.sip.core.headers import host_port, quoted_name
from telephony.sip.core.message import Request
from telephony.sip.core.reasons import one_line
from telephony.sip.core.uac import Uac
from telephony.sip.core.uri import Uri
from telephony.sip.core.user_agent import ALLOW, Phase
from telephony.sip.io.invites import InviteDialog, Line


class OutgoingInvite(InviteDialog):
    """An INVITE that we send. Made by ``SipEndpoint.invite``.

    Attributes:
        target: the request URI.
    """

    usage: Uac

    def __init__(
        self, line: Line, usage: Uac, remote: Hop, *, account: str | None = None, trunk: str | None = None
    ) -> None:
        super().__init__(line, usage, usage.invite.call_id, remote, account=account, trunk=trunk)
        self.target = usage.invite.uri

    def cancel(self, *, q850: int = 16, text: str = "", answered_elsewhere: bool = False) -> None:
        """Give up before the answer; with ``answered_elsewhere`` the phone counts no missed call (RFC 3326).

        ``events.failed`` follows with 487 (or with what the peer says). A 200 that crosses the CANCEL is ACKed and
        ended by BYE, and ``failed(487)`` is told. After the answer it does nothing: use bye().
        """
        self.run(self.usage.cancel(q850=q850, text=text, answered_elsewhere=answered_elsewhere))

    def ack(self, sdp: str) -> None:
        """Answer the peer's offer, after ``answered`` or a ``provisional`` that ``offers``, when our INVITE had no SDP.

        Raises:
            WrongState: no answer is due.
        """
        self.run(self.usage.ack(sdp.encode()))

    def start(self) -> None:
        """Send it; for the endpoint."""
        self.run(self.usage.start())

    def drop(self) -> None:
        """See InviteDialog."""
        if self.usage.phase is Phase.INVITING:
            self.usage.phase = Phase.ENDED
            self.events.failed(InviteFailed(487, "the endpoint has stopped"))
        super().drop()


def make_invite(
    target: str,
    *,
    caller: str,
    caller_name: str,
    caller_host: str,
    contact: str,
    product: str,
    new_token: Callable[[], str],
    asserted_identity: str | None = None,
    headers: tuple[tuple[str, str], ...] = (),
    max_forwards: int = 70,
    sdp: str | None = None,
) -> Request:
    """The first INVITE of a call, without Via (RFC 3261 §8.1.1, §13.2.1)."""
    fields = {
        "Max-Forwards": [str(max_forwards)],
        "From": [f"{quoted_name(one_line(caller_name))}<{Uri('sip', caller, caller_host)}>;tag={new_token()}"],
        "To": [f"<{target.partition(';')[0]}>"],
        "Call-ID": [new_token()],
        "CSeq": ["1 INVITE"],
        "Contact": [contact],
        "Allow": [ALLOW],
        "User-Agent": [product],
    }
    if asserted_identity is not None:
        fields["P-Asserted-Identity"] = [f"<{one_line(asserted_identity)}>"]
    for name, value in headers:
        fields.setdefault(name, []).append(one_line(value))
    body = sdp.encode() if sdp else b""
    if body:
        fields["Content-Type"] = ["application/sdp"]
    return Request("INVITE", target, fields, body)


def contact_value(user: str, host: str, port: int, transport: str) -> str:
    """Our Contact for one dialog."""
    at = f"{Uri('sip', user, 'h')}".removesuffix("h")
    return f"<{at}{host_port(host, port)}{';transport=tcp' if transport == 'tcp' else ''}>"
