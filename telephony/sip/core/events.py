"""What a dialog tells its owner. Values are frozen; ``InviteEvents`` is the owner's side, override what you need."""

from dataclasses import dataclass
from enum import Enum
from typing import Protocol


class EndedBy(Enum):
    """Who or what ended a confirmed dialog."""

    PEER = "peer"  # BYE came
    LOCAL = "local"  # bye() was called
    ACK_MISSING = "ack missing"  # our 2xx was never acknowledged
    PEER_LOST = "peer lost"  # a request inside the dialog met silence, 408 or 481
    SHUT_DOWN = "shut down"  # the endpoint stops


@dataclass(frozen=True, slots=True)
class DialogEnd:
    """Why a confirmed dialog ended.

    Attributes:
        by: who ended it.
        q850: the cause of a ``Reason: Q.850`` header on the BYE (RFC 3326); None if there was none.
        text: that header's text, or a sentence of ours.
    """

    by: EndedBy
    q850: int | None = None
    text: str = ""


@dataclass(frozen=True, slots=True)
class Provisional:
    """A 1xx other than 100 to an outbound INVITE.

    Attributes:
        fork: the To tag; each fork has its own early media.
        status: 180, 181, 182 or 183.
        sdp: the early answer, if this response carried one.
        offers: ``sdp`` is the peer's offer (our INVITE had none): answer it by ``OutgoingInvite.ack``.
    """

    fork: str
    status: int
    reason: str
    sdp: str | None
    offers: bool = False


@dataclass(frozen=True, slots=True)
class InviteFailed:
    """The final refusal of an outbound INVITE.

    Attributes:
        status: SIP status; 408 for silence, 487 after cancel(), 503 for a transport error.
        reason: reason phrase.
        q850: cause of a ``Reason: Q.850`` header, if any.
        warning: ``Warning`` header, if any.
        retry_after_s: seconds of ``Retry-After``, if any.
        contacts: URIs of a 3xx.
    """

    status: int
    reason: str
    q850: int | None = None
    warning: str | None = None
    retry_after_s: int | None = None
    contacts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReinviteResult:
    """How a re-INVITE of ours ended.

    Attributes:
        status: 200, or the refusal; the session is unchanged by a refusal (RFC 3261 §14.1).
        sdp: the answer of a 200.
    """

    status: int
    reason: str
    sdp: str | None = None

    @property
    def accepted(self) -> bool:
        """Whether the new description is in force."""
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class TransferWish:
    """What a REFER asks for (RFC 3515).

    Attributes:
        target: whom to call instead of the phone that asks, a sip, sips or tel URI.
        replaces: the dialog that the new call takes over (RFC 3891), for an attended transfer; None for a blind one.
        referred_by: who asks (RFC 3892), as written.
    """

    target: str
    replaces: str | None = None
    referred_by: str | None = None


class Transfer(Protocol):
    """A REFER that waits for its answer: accept() or reject(), soon; after accept() tell() until a final status."""

    @property
    def wish(self) -> TransferWish:
        """What the phone asks for."""
        ...

    def accept(self) -> None:
        """202, and NOTIFY with 100."""
        ...

    def reject(self, status: int = 603, warning: str | None = None) -> None:
        """Refuse; the call goes on as it was."""
        ...

    def tell(self, status: int, reason: str = "") -> None:
        """How the new call goes: 180, 200, 486 …; the first status from 200 on is the last word."""
        ...


class RemoteOffer(Protocol):
    """A re-INVITE that waits for its answer. Exactly one of accept() and reject() must be called, soon."""

    @property
    def sdp(self) -> str | None:
        """The peer's offer; None when the peer asks for ours: accept() carries our offer, acked() the answer."""
        ...

    def accept(self, sdp: str) -> None:
        """200 with the description."""
        ...

    def reject(self, status: int = 488, reason: str = "", warning: str | None = None) -> None:
        """Refuse; the session goes on as it was."""
        ...


class InviteEvents:
    """The owner's side of one INVITE dialog: assign an instance to ``.events`` and override what you need.

    All are plain functions called from the event loop in the order of the line; they must not block and must not
    raise (what they raise is logged and the dialog goes on).
    """

    def cancelled(self, reason: str) -> None:
        """Inbound, before the answer: the caller gave up (487 has been sent) or its transport died."""

    def acked(self, sdp: str | None) -> None:
        """Inbound: the ACK to our 200 came, with the SDP answer if the offer was ours."""

    def provisional(self, event: Provisional) -> None:
        """Outbound: ringing or early media on one fork."""

    def answered(self, sdp: str | None, fork: str) -> None:
        """Outbound: the first 2xx.

        With an offer of ours in the INVITE the ACK is sent by itself, and ``sdp`` is the answer (None if it came in
        a provisional response of the same fork). Without one, ``sdp`` is the peer's offer: call ``ack(answer)``.
        """

    def failed(self, event: InviteFailed) -> None:
        """Outbound: refused, timed out or cancelled. Nothing follows."""

    def offered(self, offer: RemoteOffer) -> None:
        """The peer's re-INVITE. The default refuses it with 488."""
        offer.reject(488)

    def info(self, content_type: str, body: bytes) -> None:
        """An INFO inside the dialog (it has been answered 200), e.g. ``application/dtmf-relay``."""

    def transfer_asked(self, transfer: Transfer) -> None:
        """A registered phone's REFER: it wants its peer connected elsewhere. The default declines with 603."""
        transfer.reject(603)

    def ended(self, end: DialogEnd) -> None:
        """The confirmed dialog is over. Called exactly once after acked/answered; nothing follows."""
