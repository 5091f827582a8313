"""Call control: the only door between signalling and the trade. ``telephony/calls.py`` serves it for real.

Every wait has a time-out and a cause. No method here blocks the loop. Digits, audio and ends are events of the leg.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol

from telephony.causes import Cause
from vocabulary.audio_frame import AudioFile
from vocabulary.phone_number import PhoneNumber


class Direction(Enum):
    """Who began the leg."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class LegState(Enum):
    """One leg's life; ENDED is final."""

    CALLING = "calling"
    RINGING = "ringing"
    EARLY = "early"  # early media flows, not yet answered
    ANSWERED = "answered"
    HELD = "held"
    ENDED = "ended"


class Admission(Enum):
    """How an admitted call is served (design §6.12)."""

    FULL = "full"
    NARROW = "narrow"  # nearly full: only the announcement with the gas-leak key


@dataclass(frozen=True, slots=True)
class SeatTarget:
    """Ring every registered contact of one SIP account; the first to answer wins."""

    account: str


@dataclass(frozen=True, slots=True)
class NumberTarget:
    """Ring a telephone number through the trunks."""

    number: PhoneNumber


@dataclass(frozen=True, slots=True)
class ShortCodeTarget:
    """Ring a number of the plan that is no subscriber's: 110, 119, 120, 122 or one of the duty chain."""

    digits: str


Target = SeatTarget | NumberTarget | ShortCodeTarget


@dataclass(frozen=True, slots=True)
class Played:
    """How a prompt ended.

    Attributes:
        played_s: seconds of audio that went out, over all files.
        finished: whether all of it did.
        digit: the key that stopped it, which is consumed; None otherwise.
    """

    played_s: float
    finished: bool
    digit: str | None = None


@dataclass(frozen=True, slots=True)
class RecordingFile:
    """A finished stereo A-law WAV, left the caller and right the hotline, in the spool folder.

    Attributes:
        recording: identifier of the recording, also in the file's name.
        path: absolute.
        duration_s: of audio.
        complete: False if a worker died and the file was mended.
        call: ULID of the call; "" for a file that a former run of the server left (see the call journal).
        started_at: moment of the first sample; None likewise.
    """

    recording: str
    path: str
    duration_s: float
    complete: bool = True
    call: str = ""
    started_at: datetime | None = None


class LegEnded(Exception):
    """The leg ended while something was being done on it; normal on a telephone.

    Args:
        cause: why.
    """

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause.name)
        self.cause = cause


class Leg(Protocol):
    """One party's line. Operations on an ended leg raise LegEnded; hangup() on one does nothing."""

    @property
    def id(self) -> str:
        """ULID."""
        ...

    @property
    def direction(self) -> Direction:
        """Who began it."""
        ...

    @property
    def state(self) -> LegState:
        """Changes only by events of the line."""
        ...

    @property
    def number(self) -> PhoneNumber | None:
        """The far party's number; None for a withheld number or a seat."""
        ...

    @property
    def account(self) -> str | None:
        """The SIP account, on a leg to or from a registered phone."""
        ...

    @property
    def dialled(self) -> str:
        """What the caller dialled (user part), e.g. ``96556`` or ``*11``."""
        ...

    @property
    def trunk(self) -> str | None:
        """Name of the trunk it came or went by."""
        ...

    @property
    def cause(self) -> Cause | None:
        """Why it ended; None while it lives."""
        ...

    async def ring(self, early_media: AudioFile | None = None) -> None:
        """Answer 180, or 183 with the file played in a loop. Inbound legs only."""
        ...

    async def answer(self) -> None:
        """Answer 200 and return when media flows (the ACK is watched in the background)."""
        ...

    async def play(self, *files: AudioFile, stop_on: str = "", repeat: bool = False, gap_s: float = 0.0) -> Played:
        """Play files one after the other; returns when they end, a key of ``stop_on`` comes, or stop_playing().

        Raises:
            LegEnded: the far side hung up meanwhile.
        """
        ...

    async def stop_playing(self) -> None:
        """Stop what plays within one frame; the play() under way returns."""
        ...

    async def collect(self, count: int, *, first_s: float, between_s: float, finish: str = "#") -> str:
        """Up to ``count`` keys, fewer after a time-out or the finish key (not included); "" if none came."""
        ...

    def digits(self) -> AsyncIterator[str]:
        """Every key pressed from now on, one subscription each; ends with the leg. Keys taken by play/collect too."""
        ...

    async def listen(self, stream: str, speech_socket: str) -> None:
        """Send this leg's received audio to the speech worker's socket as StreamAudio frames until unlisten()."""
        ...

    async def unlisten(self) -> None:
        """Stop sending audio to the speech worker."""
        ...

    async def send_digits(self, digits: str) -> None:
        """Send keys to the far side by RFC 4733."""
        ...

    async def hold(self) -> None:
        """Re-INVITE sendonly; the RTP time-out is suspended."""
        ...

    async def resume(self) -> None:
        """Re-INVITE sendrecv."""
        ...

    async def hangup(self, cause: Cause = Cause.NORMAL) -> None:
        """BYE, CANCEL or a final response, as the state asks for; idempotent."""
        ...

    async def ended(self) -> Cause:
        """Return when the leg has ended."""
        ...


class Bridge(Protocol):
    """Two answered legs that hear each other."""

    async def ended(self) -> "BridgeEnd":
        """Return when one leg ended or unbridge() was called; the surviving leg is not hung up."""
        ...

    async def unbridge(self) -> None:
        """Part the legs; both live on."""
        ...


@dataclass(frozen=True, slots=True)
class BridgeEnd:
    """Which leg ended first; None when they were parted on purpose."""

    ended_leg: str | None
    cause: Cause | None
    talked_s: float


class Call(Protocol):
    """One conversation with one caller: a first leg, later others, one record, at most one recording at a time."""

    @property
    def id(self) -> str:
        """ULID; also the call record's."""
        ...

    @property
    def admission(self) -> Admission:
        """NARROW when the machine was nearly full as the call arrived: play only the leak announcement."""
        ...

    @property
    def purpose(self) -> str:
        """Why the call is made, as given to new_call(); "inbound" or "account" for calls that came in."""
        ...

    @property
    def cause(self) -> Cause | None:
        """Why the first leg ended; None while it lives."""
        ...

    @property
    def first_leg(self) -> Leg:
        """The caller's leg of an inbound call; the first leg rung on an outbound one."""
        ...

    @property
    def legs(self) -> Sequence[Leg]:
        """All, ended ones too."""
        ...

    async def originate(self, target: Target, *, caller_id: str, ring_s: float) -> Leg:
        """Ring a target; returns the answered leg.

        Raises:
            CallFailed: it was not answered, with the cause.
            asyncio.CancelledError: cancelling the awaiting task CANCELs the INVITE.
        """
        ...

    async def bridge(self, a: Leg, b: Leg) -> Bridge:
        """Join two answered legs."""
        ...

    async def record(self, caller: Leg) -> str:
        """Start the stereo recording (left ``caller``, right all that the hotline says to it); its identifier."""
        ...

    async def stop_recording(self) -> RecordingFile | None:
        """Finish the recording; None if none ran. Also done by itself when the call ends."""
        ...

    async def ended(self) -> None:
        """Return when every leg has ended."""
        ...


class CallFailed(Exception):
    """A target was not reached.

    Args:
        cause: why, as far as signalling tells.
        sip_status: the final response, None if there was none.
    """

    def __init__(self, cause: Cause, sip_status: int | None = None) -> None:
        super().__init__(cause.name)
        self.cause = cause
        self.sip_status = sip_status


InboundHandler = Callable[[Call], Awaitable[None]]
"""Runs one inbound call to its end. When it returns or raises, the call's remaining legs are hung up."""


class CallControl(Protocol):
    """What ``server.py`` hands to ivr, seats' short codes and callbacks."""

    def on_inbound(self, handler: InboundHandler) -> None:
        """Calls to the hotline's numbers, from trunks."""
        ...

    def on_account_call(self, handler: InboundHandler) -> None:
        """Calls that a registered phone begins: short codes such as ``*11``, or the hotline's number."""
        ...

    async def new_call(self, *, purpose: str) -> Call:
        """An outbound call without legs yet; ``purpose`` goes into the record (callback, click_to_dial, duty)."""
        ...

    def registered(self, account: str) -> bool:
        """Whether the account has a live contact."""
        ...

    def on_recording(self, handler: Callable[[Call, RecordingFile], Awaitable[None]]) -> None:
        """Called once for each finished or mended recording."""
        ...
