"""INVITE dialogs as their owner holds them: inbound and outbound."""

from telephony.sip.core.address import Hop
from telephony.sip.core.events import InviteEvents, ReinviteResult
from telephony.sip.core.message import Request


class InviteDialog:
    """What inbound and outbound calls have in common once they are answered.

    Attributes:
        events: assign your InviteEvents before you return to the event loop.
        call_id: the Call-ID header; for the log and the call record.
        account: the registered account at the far end, if it is one.
        trunk: the trunk's name, if the far end is one.
    """

    events: InviteEvents
    call_id: str
    account: str | None
    trunk: str | None

    @property
    def remote(self) -> Hop:
        """Where the peer's messages come from."""
        raise NotImplementedError

    @property
    def answered(self) -> bool:
        """Whether a 2xx was sent or received and the dialog has not ended."""
        raise NotImplementedError

    def bye(self, *, q850: int = 16, text: str = "") -> None:
        """End the answered dialog with a BYE that carries ``Reason: Q.850``.

        ``events.ended(by LOCAL)`` follows at once. On an inbound dialog whose ACK is still missing the BYE waits
        for the ACK or its time-out (RFC 3261 §15). Does nothing when the dialog has ended.
        """
        raise NotImplementedError

    async def reinvite(self, sdp: str) -> ReinviteResult:
        """Offer a new description inside the dialog (hold, resume, another address).

        491 is tried again by RFC 3261 §14.1, three times at most. 408 and 481 end the dialog (§12.2.1.2).

        Raises:
            WrongState: not answered yet, or ended.
        """
        raise NotImplementedError

    def info(self, content_type: str, body: bytes) -> None:
        """Send an INFO inside the dialog; its response is only logged.

        Raises:
            WrongState: not answered yet, or ended.
        """
        raise NotImplementedError


class IncomingInvite(InviteDialog):
    """An INVITE that came in, from the first byte to the BYE. The endpoint has sent 100 when needed.

    Attributes:
        request: the INVITE itself (``request.get("Header")``).
        source: where it came from.
        account: the authenticated account, None for a trunk's call.
        trunk: name from the policy's ``Trusted``, None for an account's call.
        dialled: user part of the request URI, e.g. ``96556`` or ``*11``, unescaped, parameters removed.
        caller: user part of P-Asserted-Identity (trusted trunks only) or of From; "" when withheld or anonymous.
        caller_name: display name of the same header.
        sdp: the offer; None means that the peer wants ours in the answer (``accept(offer)``, then ``acked(answer)``).
    """

    request: Request
    source: Hop
    dialled: str
    caller: str
    caller_name: str
    sdp: str | None

    def progress(self, status: int = 180, sdp: str | None = None) -> None:
        """180 ringing, 183 with early media (SDP answer). May be repeated; re-sent each minute (RFC 3261 §13.3.1.1).

        Does nothing after a final response or the caller's CANCEL.
        """
        raise NotImplementedError

    def accept(self, sdp: str) -> bool:
        """200 with the answer (or our offer, if ``sdp`` was None); re-sent until the ACK comes.

        Returns:
            False if the caller gave up first: then the dialog is over and no event follows.
        """
        raise NotImplementedError

    def reject(
        self,
        status: int,
        reason: str = "",
        *,
        q850: int | None = None,
        warning: str | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        """A final refusal; logged with its reason. Nothing follows, ``events`` hears no more.

        Args:
            status: 300 to 699.
            reason: reason phrase; "" takes the RFC's.
            q850: written as ``Reason: Q.850;cause=…``.
            warning: text of a ``Warning: 399`` header.
            headers: further headers, e.g. ``("Retry-After", "5")``.
        """
        raise NotImplementedError

    def reject_overloaded(self, retry_after_s: int = 5) -> None:
        """503, with Retry-After towards an account and without it towards a trunk (design §6.12)."""
        raise NotImplementedError


class OutgoingInvite(InviteDialog):
    """An INVITE that we send. Made by ``SipEndpoint.invite``."""

    target: str

    def cancel(self, *, q850: int = 16, text: str = "") -> None:
        """Give up before the answer.

        ``events.failed`` follows with 487 (or with what the peer says). A 200 that crosses the CANCEL is ACKed and
        ended by BYE, and ``failed(487)`` is told. After the answer it does nothing: use bye().
        """
        raise NotImplementedError

    def ack(self, sdp: str) -> None:
        """Answer the peer's offer; only after ``answered`` when our INVITE had no SDP.

        Raises:
            WrongState: no answer is due.
        """
        raise NotImplementedError
