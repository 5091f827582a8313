"""What a call handled by machine needs of the other rooms; each small, so that a test hands in a fake."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Protocol

from ivr.listening import Heard
from seats.call_lists import LostLeakCaller, MissedCaller, RatingGiven
from seats.queue import Lane, LeaveReason, QueueEntry
from seats.routing import Offer
from seats.services import Outlook
from telephony.ports import Leg
from vocabulary.audio_frame import AudioFile
from vocabulary.phone_number import PhoneNumber


class Prompts(Protocol):
    """Files to be said; ``ivr.prompts.Prompts`` serves it."""

    def file(self, key: str) -> AudioFile:
        """One prompt; a missing one is replaced, never raised."""
        ...

    def pieces(self, value: date | int | str) -> list[AudioFile]:
        """A variable part: digits of a string one by one, an int as a number."""
        ...


class Ears(Protocol):
    """Hears what a party says; ``ivr.listening.Listener`` serves it."""

    async def take_message(self, leg: Leg, *, silence_s: float = 4.0, max_s: float = 120.0) -> Heard:
        """Everything said until so much quiet; ends at once on a safety word.

        Raises:
            LegEnded, TimeoutError.
        """
        ...

    async def spot_safety(self, leg: Leg) -> str:
        """Return the first safety word; otherwise wait.

        Raises:
            LegEnded.
        """
        ...


class Seats(Protocol):
    """The part of ``seats.services.SeatServices`` a call uses; see there."""

    def entry(
        self, call_id: str, *, number: PhoneNumber | None = None, lane: Lane = Lane.NORMAL, skill: str | None = None
    ) -> QueueEntry:
        """A place in the queue as of now."""
        ...

    async def wait(self, entry: QueueEntry) -> Offer:
        """Return when a seat is reserved."""
        ...

    async def pause(self, entry: QueueEntry) -> None:
        """Keep the place without offers."""
        ...

    async def leave(self, entry: QueueEntry, reason: LeaveReason) -> None:
        """Wait no more."""
        ...

    async def position(self, entry: QueueEntry) -> int | None:
        """1 for who is next."""
        ...

    async def outlook(self) -> Outlook:
        """What a caller who joins now would find."""
        ...

    async def answered(self, offer: Offer) -> None:
        """The seat answered.

        Raises:
            OfferLapsed.
        """
        ...

    async def refused(self, offer: Offer) -> None:
        """The seat refused or was busy."""
        ...

    async def no_answer(self, offer: Offer) -> None:
        """The seat rang to the end."""
        ...

    async def unreachable(self, offer: Offer) -> None:
        """The seat has no phone."""
        ...

    async def withdrawn(self, offer: Offer) -> None:
        """The caller went elsewhere."""
        ...

    async def ended(self, offer: Offer) -> None:
        """The talk is over."""
        ...


class CallKind(Enum):
    """How a call was served; the case's intake differs by it."""

    TALK = "talk"
    MESSAGE = "message"
    LEAK = "leak"


@dataclass(frozen=True, slots=True)
class CallIntake:
    """What a call knows when it makes a case.

    Attributes:
        command_id: repeated after a failure, it makes no second case.
        caller: the number to call back: keyed in for a message, else the caller's; None if withheld.
        demand: in the caller's words; "" while only the recording knows.
        recording: identifier, still being written.
        by: account of the seat, or ``BOT``.
    """

    command_id: str
    call_id: str
    kind: CallKind
    caller: PhoneNumber | None
    demand: str
    recording: str | None
    by: str
    at: datetime


class CaseIntake(Protocol):
    """Makes or joins the case of a call."""

    async def open(self, intake: CallIntake) -> str:
        """The case's number; the same again for the same command."""
        ...

    async def rate(self, call_id: str, label: str) -> None:
        """What the caller keyed at the end, as its Chinese label, on every case of the call."""
        ...


class MissedCalls(Protocol):
    """The list of domain spec §3.9; ``seats.call_lists.CallLists`` serves it."""

    async def note(self, missed: MissedCaller) -> None:
        """Put a caller on the list."""
        ...


class RescueDesk(Protocol):
    """The rescue desk's list; ``seats.call_lists.CallLists`` serves it."""

    async def hand_over(self, caller: LostLeakCaller) -> None:
        """The desk has the caller from now on; an alert goes out with it."""
        ...


class Ratings(Protocol):
    """Keeps ratings; ``seats.call_lists.CallLists`` serves it."""

    async def given(self, rating: RatingGiven) -> None:
        """Keep one; a second of the same call changes nothing."""
        ...
