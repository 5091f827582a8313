"""Callers who wait: their order, and the states of one wait. The gas-leak lane stands before everybody (§10.1)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum, IntEnum

from vocabulary.phone_number import PhoneNumber


class Lane(IntEnum):
    """Smaller is served first; inside a lane, who came first."""

    LEAK = 0
    NORMAL = 10


class EntryState(Enum):
    """One caller's wait."""

    WAITING = "waiting"
    PAUSED = "paused"  # leaving a message, place kept
    OFFERED = "offered"
    ANSWERED = "answered"
    LEFT = "left"
    LOST = "lost"  # the server that held the call died


OPEN_STATES = frozenset({EntryState.WAITING, EntryState.PAUSED, EntryState.OFFERED})
"""States in which the caller still waits."""


class LeaveReason(Enum):
    """Why a caller stopped waiting; the value is stored, shown and counted."""

    ANSWERED = "席位接听"
    HUNG_UP = "来电人挂断"
    LEFT_MESSAGE = "留言"
    TO_LEAK_LANE = "转燃气泄漏通道"
    DUTY_ANSWERED = "值班链接听"
    SERVER_LOST = "服务器中断"
    TIMED_OUT = "等待超时"


@dataclass(eq=False)
class QueueEntry:
    """One caller's place.

    Attributes:
        id: ULID; a caller who moves to the leak lane gets a second entry.
        call_id: the call's ULID.
        lane: who is served before whom.
        entered_at: aware UTC; kept over refusals, misses and messages, so the place is kept.
        skill: the skill wanted; None goes to any seat.
        number: the caller's; None if withheld.
        holder: the process that holds the call; only its rounds offer this entry.
        lease_until: when the entry is LOST unless the holder renews it, aware UTC.
        offers: how often it was offered so far.
        resting: accounts that refused or missed this caller → until when they are not asked again (ISO 8601 UTC).
        version: counts changes.
    """

    id: str
    call_id: str
    lane: Lane
    entered_at: datetime
    skill: str | None = None
    number: PhoneNumber | None = None
    holder: str = ""
    lease_until: datetime | None = None
    state: EntryState = EntryState.WAITING
    left_at: datetime | None = None
    left_reason: str = ""
    offers: int = 0
    resting: dict[str, str] = field(default_factory=dict)
    version: int = 0

    def rest(self, account: str, *, until: datetime) -> None:
        """Do not ask this seat again for this caller before that moment."""
        self.resting = {**self.resting, account: until.isoformat()}

    def rests(self, account: str, *, at: datetime) -> bool:
        """Whether this seat is not asked for this caller at that moment."""
        until = self.resting.get(account)
        return until is not None and datetime.fromisoformat(until) > at

    def leave(self, reason: LeaveReason, *, at: datetime) -> None:
        """The wait is over; a second reason changes nothing."""
        if self.state not in OPEN_STATES:
            return
        match reason:
            case LeaveReason.ANSWERED:
                self.state = EntryState.ANSWERED
            case LeaveReason.SERVER_LOST:
                self.state = EntryState.LOST
            case _:
                self.state = EntryState.LEFT
        self.left_at, self.left_reason = at, reason.value

    def waited_s(self, *, at: datetime) -> float:
        """Seconds from joining to leaving, or until now."""
        return ((self.left_at or at) - self.entered_at).total_seconds()


def in_order(entries: Iterable[QueueEntry]) -> list[QueueEntry]:
    """Who is served first: leak lane, then by arrival; the identifier breaks a tie."""
    return sorted(entries, key=lambda entry: (entry.lane, entry.entered_at, entry.id))


def position(entries: Iterable[QueueEntry], entry_id: str) -> int | None:
    """How many stand before this caller, plus one; None if it does not wait. Paused callers keep their place."""
    waiting = [entry for entry in in_order(entries) if entry.state in OPEN_STATES]
    return next((place for place, entry in enumerate(waiting, start=1) if entry.id == entry_id), None)
