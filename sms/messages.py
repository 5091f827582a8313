"""A short message's life: queued, claimed, submitted, known or unknown, delivered or failed.

The row says SUBMITTING before a byte leaves, so a crash leaves a message that is UNKNOWN, never one that is sent twice
unseen: an UNKNOWN message is sent again at most once.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum

from sms.errors import TextNotSendable
from vocabulary.phone_number import PhoneNumber

SEGMENT_CHARACTERS = 67
SINGLE_CHARACTERS = 70
MAX_SEGMENTS = 8


class SmsKind(Enum):
    """What a message is for: surveys obey opt-out and windows, safety notices do not."""

    SURVEY = "survey"
    NOTICE = "notice"
    CONFIRMATION = "confirmation"  # of an opt-out
    ALERT = "alert"
    SAFETY = "safety"


class SmsState(Enum):
    """See TRANSITIONS."""

    QUEUED = "queued"
    SUBMITTING = "submitting"
    SUBMITTED = "submitted"
    UNKNOWN = "unknown"
    DELIVERED = "delivered"
    FAILED = "failed"
    CANCELLED = "cancelled"


TRANSITIONS = {
    SmsState.QUEUED: {SmsState.SUBMITTING, SmsState.CANCELLED},
    SmsState.SUBMITTING: {SmsState.SUBMITTED, SmsState.UNKNOWN, SmsState.FAILED, SmsState.QUEUED, SmsState.DELIVERED},
    SmsState.UNKNOWN: {SmsState.QUEUED, SmsState.DELIVERED, SmsState.FAILED},
    SmsState.SUBMITTED: {SmsState.DELIVERED, SmsState.FAILED},
    SmsState.DELIVERED: set(),
    SmsState.FAILED: set(),
    SmsState.CANCELLED: set(),
}


@dataclass(frozen=True, slots=True)
class OutgoingSms:
    """What a room asks to be sent.

    Attributes:
        to: the user's mobile number.
        phone_key: its keyed hash.
        text: signature included; at most 8 segments of 67 characters.
        kind: see SmsKind.
        reference: what it belongs to, e.g. a callback's identifier; comes back with receipts and replies.
        matter: ``gas`` or ``heat``: how replies are read.
        extension: digits appended to the access number, so that replies find this message; "" for none.
        not_before: aware; not submitted earlier.
    """

    to: PhoneNumber
    phone_key: str
    text: str
    kind: SmsKind
    reference: str
    not_before: datetime
    matter: str = "heat"
    extension: str = ""

    def __post_init__(self) -> None:
        if not self.text.strip():
            raise TextNotSendable("an empty text")
        if len(segments_of(self.text)) > MAX_SEGMENTS:
            raise TextNotSendable(f"{len(self.text)} characters are more than {MAX_SEGMENTS} segments")


@dataclass(eq=False)
class SmsMessage:
    """One message and all that is known of its way.

    Attributes:
        id: ULID.
        gateway_ids: message ids by segment, as far as the gateway told them.
        outstanding: segments whose receipt has not come.
        sends: how often it was written to a gateway; at most two (one repeat after UNKNOWN).
        lease_until: while SUBMITTING, when another process may conclude that this attempt was lost.
    """

    id: str
    to: PhoneNumber
    phone_key: str
    text: str
    kind: SmsKind
    reference: str
    matter: str
    extension: str
    state: SmsState
    queued_at: datetime
    not_before: datetime
    sends: int = 0
    submitted_at: datetime | None = None
    settled_at: datetime | None = None
    lease_until: datetime | None = None
    error: str = ""
    gateway_ids: list[str] = field(default_factory=list)
    outstanding: int = 0
    version: int = 1

    MAX_SENDS = 2

    def _move(self, state: SmsState) -> None:
        if state not in TRANSITIONS[self.state]:
            raise ValueError(f"{self.state.value} → {state.value} is no step of a message")
        self.state = state

    def claim(self, now: datetime, lease: timedelta) -> None:
        """Written before the first byte leaves."""
        self._move(SmsState.SUBMITTING)
        self.sends += 1
        self.lease_until = now + lease
        self.gateway_ids = []

    def accepted(self, gateway_ids: list[str], now: datetime) -> None:
        """The gateway took every segment."""
        self.gateway_ids = gateway_ids
        self.submitted_at = now
        self.lease_until = None
        if self.state is SmsState.SUBMITTING:
            self.outstanding = len(gateway_ids)
            self._move(SmsState.SUBMITTED)

    def refused(self, status: int, *, temporary: bool, now: datetime, retry: timedelta) -> bool:
        """The gateway said no: wait and try again, or fail; True when it failed for good."""
        self.error = f"status 0x{status:08x}"
        self.lease_until = None
        if temporary:
            self.sends -= 1  # it was certainly not sent
            self.not_before = now + retry
            self._move(SmsState.QUEUED)
        else:
            self.settled_at = now
            self._move(SmsState.FAILED)
        return not temporary

    def went_unknown(self, now: datetime, *, retry: timedelta) -> None:
        """No answer came. It is repeated once; after that it stays UNKNOWN until a receipt comes."""
        self.lease_until = None
        self._move(SmsState.UNKNOWN)
        if self.sends < self.MAX_SENDS:
            self.not_before = now + retry
            self._move(SmsState.QUEUED)

    def receipt(self, *, delivered: bool, error: str, now: datetime) -> bool:
        """A receipt for one segment; True when the message is settled by it."""
        if self.state in (SmsState.DELIVERED, SmsState.FAILED, SmsState.CANCELLED):
            return False
        self.outstanding = max(0, self.outstanding - 1)
        if delivered and self.outstanding:
            return False
        if self.state is SmsState.QUEUED:
            self._move(SmsState.SUBMITTING)  # a receipt of the unknown attempt arrived before its repeat
        self._move(SmsState.DELIVERED if delivered else SmsState.FAILED)
        self.error = "" if delivered else error
        self.settled_at = now
        self.lease_until = None
        return True

    def cancel(self, reason: str, now: datetime) -> bool:
        """Withdraw it if it has not left; whether it could be."""
        if self.state is not SmsState.QUEUED:
            return False
        self._move(SmsState.CANCELLED)
        self.error, self.settled_at = reason, now
        return True


@dataclass(eq=False)
class SmsReceipt:
    """A receipt that arrived before its message id was known; kept 72 h (notes on SMS)."""

    id: str
    gateway_id: str
    delivered: bool
    error: str
    received_at: datetime


@dataclass(eq=False)
class SmsReply:
    """A user's message, as received and as read.

    Attributes:
        dedupe_key: the gateway's id, or number, extension, text and minute; unique.
        message_id: the message it answers, if one was found.
        reading, reason: see ``sms.replies``.
    """

    id: str
    dedupe_key: str
    sender: PhoneNumber
    phone_key: str
    extension: str
    text: str
    received_at: datetime
    message_id: str | None
    reference: str | None
    reading: str
    reason: str
    demand: bool


@dataclass(eq=False)
class OptOut:
    """Somebody who wants no more surveys; service and safety notices still reach them (domain spec §3.6)."""

    phone_key: str
    text: str
    opted_out_at: datetime
    confirmed: bool = False


def segments_of(text: str) -> list[str]:
    """The parts in which a text is sent: one of up to 70 UTF-16 units, else parts of 67 that never split a pair."""
    if utf16_units(text) <= SINGLE_CHARACTERS:
        return [text]
    parts: list[str] = []
    part, units = "", 0
    for character in text:
        width = utf16_units(character)
        if units + width > SEGMENT_CHARACTERS:
            parts.append(part)
            part, units = "", 0
        part += character
        units += width
    return [*parts, part]


def utf16_units(text: str) -> int:
    """Length as the network counts it: a character outside the BMP is two."""
    return len(text.encode("utf-16-be", "surrogatepass")) // 2
