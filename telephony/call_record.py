"""What is kept of a call: one record a call, one a leg, with exact causes and times."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from telephony.causes import Cause
from telephony.ports import Admission, Direction
from vocabulary.phone_number import PhoneNumber


@dataclass(frozen=True, slots=True)
class LegRecord:
    """One leg from its INVITE to its end.

    Attributes:
        leg: ULID.
        call: ULID of the call it belongs to.
        direction: who began it.
        account: SIP account, of a phone.
        trunk: name of the line, of a call from or to the outside.
        dialled: user part it was sent to, as it stands on phones; masked if it is a subscriber's number.
        setup_at: its INVITE came or went.
        rang_at, answered_at: None if it never did.
        ended_at: its BYE, CANCEL or final response.
        cause: why it ended.
        sip_status: final response to the INVITE that failed it; None for an answered leg.
        bridged_s: seconds spent bridged to another leg.
        packets_received, packets_sent, packets_lost: RTP, of the media worker's counters.
    """

    leg: str
    call: str
    direction: Direction
    account: str | None
    trunk: str | None
    dialled: str
    setup_at: datetime
    rang_at: datetime | None
    answered_at: datetime | None
    ended_at: datetime
    cause: Cause
    sip_status: int | None
    bridged_s: float
    packets_received: int
    packets_sent: int
    packets_lost: int


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One call from its first INVITE to its last BYE.

    Attributes:
        call: ULID.
        purpose: "inbound", "account", or what an outbound call was made for.
        direction: of the first leg.
        admission: FULL or NARROW; None for a call refused at the door.
        trunk: of the first leg.
        dialled: of the first leg, masked if it is a subscriber's number.
        number: the far party's; None if withheld or a seat. It stands encrypted in the database.
        number_key: its keyed hash, for look-up; "" if there is none.
        setup_at, rang_at, answered_at, ended_at: of the first leg; ended_at of the call. An open record has no end.
        cause: why the first leg ended.
        reason: a sentence for people who search for a fault: refusals name the rule.
        legs: in the order they began; only in the closing record.
        again: the call was closed before, and a leg was rung on it since.
    """

    call: str
    purpose: str
    direction: Direction
    admission: Admission | None
    trunk: str | None
    dialled: str
    number: PhoneNumber | None
    number_key: str
    setup_at: datetime
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: Cause | None = None
    reason: str = ""
    legs: tuple[LegRecord, ...] = ()
    again: bool = False


@dataclass(frozen=True, slots=True)
class RecordingBegan:
    """A recording was started; written at once, so that a file left by a killed server finds its call.

    Attributes:
        recording: ULID, also the file's name.
        call: ULID of its call.
        leg: ULID of the leg in the left channel.
        started_at: moment of the first sample.
    """

    recording: str
    call: str
    leg: str
    started_at: datetime


class CallJournal(Protocol):
    """Where records go. No method waits: a thread writes them in groups (design §3)."""

    def opened(self, record: CallRecord) -> None:
        """A call began: a row without an end, so that a killed server leaves a trace of it."""
        ...

    def recording_began(self, recording: RecordingBegan) -> None:
        """A recording was started."""
        ...

    def closed(self, record: CallRecord) -> None:
        """The call ended: completes the row of the same identifier, or writes it, and writes its legs.

        Comes again, with all legs, if a leg is rung on the call after all had ended.
        """
        ...


class MemoryJournal:
    """A journal for tests and for running without a database.

    Attributes:
        open: records by identifier, of calls not ended yet.
        records: closing records, in the order they came.
        recordings: those begun.
    """

    def __init__(self) -> None:
        self.open: dict[str, CallRecord] = {}
        self.records: list[CallRecord] = []
        self.recordings: list[RecordingBegan] = []

    def opened(self, record: CallRecord) -> None:
        """See CallJournal."""
        self.open[record.call] = record

    def recording_began(self, recording: RecordingBegan) -> None:
        """See CallJournal."""
        self.recordings.append(recording)

    def closed(self, record: CallRecord) -> None:
        """See CallJournal."""
        self.open.pop(record.call, None)
        self.records = [each for each in self.records if each.call != record.call] + [record]
