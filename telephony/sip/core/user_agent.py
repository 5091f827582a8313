"""What every dialog of one endpoint shares: who we are, which methods and extensions we serve."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from telephony.sip.core.message import Request, Response, make_response
from telephony.sip.core.session_timer import SessionTimerRules
from telephony.sip.core.timers import SipTimers

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, UPDATE, PRACK"
ALLOW_FROM_PHONES = f"{ALLOW}, REFER"
"""Registered phones may transfer; a carrier may not send us elsewhere."""
SUPPORTED = frozenset({"timer", "100rel"})
"""Extensions that a request may require of us (RFC 3261 §8.2.2.3)."""
_KNOWN_METHODS = frozenset({"SUBSCRIBE", "NOTIFY", "MESSAGE", "REFER", "PUBLISH", "REGISTER"})


class Phase(Enum):
    """One INVITE dialog's life, seen by either side."""

    INVITING = "inviting"  # no final response yet
    ACCEPTED = "accepted"  # UAS: 2xx sent, ACK missing
    CONFIRMED = "confirmed"
    CLOSING = "closing"  # BYE sent, its response missing
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What every dialog of one endpoint shares.

    Attributes:
        host: named in Warning headers.
        contact: Contact value for the messages of this dialog.
        product: Server and User-Agent.
        timers: lengths.
        new_token: fresh random text, for tags.
        jitter: a fresh number from 0 to 1, for the waits after 491 and the first RSeq.
        session: session timers, see SessionTimerRules.
        reliable: whether we offer reliable provisional responses (RFC 3262) to a peer that only supports them; one
            that requires them always gets them.
        allow: Allow header of this dialog.
    """

    host: str
    contact: str
    product: str
    timers: SipTimers
    new_token: Callable[[], str]
    jitter: Callable[[], float]
    session: SessionTimerRules = field(default_factory=SessionTimerRules)
    reliable: bool = False
    allow: str = ALLOW


def refuse_method(request: Request, method: str, allow: str = ALLOW) -> Response:
    """405 for a method that we know and do not serve, 501 for one that we do not know (RFC 3261 §8.2.1)."""
    known = method in _KNOWN_METHODS or method in ALLOW.split(", ")
    return make_response(request, 405 if known else 501, headers=[("Allow", allow)])
