"""What the rules ask the driver to do. Frozen and closed: matched exhaustively, so a new one fails the type check."""

from dataclasses import dataclass
from enum import Enum

from telephony.sip.core.events import DialogEnd, InviteFailed, Provisional, ReinviteResult, TransferWish
from telephony.sip.core.message import Request, Response
from telephony.sip.core.timers import Timer


class Failure(Enum):
    """Why a client transaction ended without a final response, or a server's response went nowhere."""

    TIMED_OUT = "timed out"
    TRANSPORT = "transport"


@dataclass(frozen=True, slots=True)
class Send:
    """Put the message on the transaction's transport."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class Deliver:
    """Hand the message to the transaction's user."""

    message: Request | Response


@dataclass(frozen=True, slots=True)
class StartTimer:
    """Call ``expired(timer)`` in so many seconds; a running one of the same name is replaced."""

    timer: Timer
    after_s: float


@dataclass(frozen=True, slots=True)
class StopTimer:
    """Forget the timer if it runs."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class Failed:
    """Tell the transaction's user that no final response comes, or that the ACK never did."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Finished:
    """Forget the transaction and its timers."""


Action = Send | Deliver | StartTimer | StopTimer | Failed | Finished
"""Of a transaction."""


@dataclass(frozen=True, slots=True)
class Respond:
    """Answer the request by its server transaction."""

    request: Request
    response: Response


@dataclass(frozen=True, slots=True)
class SendRequest:
    """Send the request by a new client transaction; the driver writes the Via if there is none."""

    request: Request


@dataclass(frozen=True, slots=True)
class SendAck:
    """Send the ACK to a 2xx, which belongs to no transaction (RFC 3261 §13.2.2.4)."""

    request: Request


@dataclass(frozen=True, slots=True)
class Cancelled:
    """The caller gave up before the answer."""

    reason: str


@dataclass(frozen=True, slots=True)
class Acked:
    """The ACK to the 2xx of the first INVITE came, with the answer if the offer was ours."""

    sdp: str | None


@dataclass(frozen=True, slots=True)
class ReinviteAcked:
    """The ACK to our 2xx of a re-INVITE came, with the answer if the offer was ours."""

    sdp: str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """The first 2xx to our INVITE."""

    sdp: str | None
    fork: str


@dataclass(frozen=True, slots=True)
class Offered:
    """The peer's re-INVITE waits for an answer."""

    request: Request


@dataclass(frozen=True, slots=True)
class InfoReceived:
    """An INFO inside the dialog, already answered."""

    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class TransferAsked:
    """The peer's REFER waits for an answer."""

    request: Request
    wish: TransferWish


Event = (
    Cancelled | Acked | ReinviteAcked | Answered | Offered | InfoReceived | TransferAsked
    | Provisional | InviteFailed | DialogEnd | ReinviteResult
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Notify:
    """Tell the dialog's owner."""

    event: Event


@dataclass(frozen=True, slots=True)
class Forget:
    """No request or response concerns this dialog any more; its timers stop."""


UserAction = Respond | SendRequest | SendAck | StartTimer | StopTimer | Notify | Forget
"""Of a transaction user (UAS or UAC)."""
