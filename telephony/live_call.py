"""One conversation while it lasts: its legs, bridges, recording, and the record that is kept of it."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from telephony.bridge import LineBridge
from telephony.call_record import CallRecord, RecordingBegan
from telephony.causes import Cause
from telephony.errors import LegStateWrong
from telephony.legs import LineLeg
from telephony.outbound_leg import OutboundLeg
from telephony.ports import Admission, Bridge, Leg, RecordingFile, Target
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)

FILE_WITHIN_S = 5.0
"""How long a finished recording is waited for: its last second is written by a thread of the media worker."""

Progress = Callable[[OutboundLeg], None]


class CallOwner(Protocol):
    """What a call needs of ``Calls``."""

    clock: Clock

    def bridge_legs(self, a: LineLeg, b: LineLeg) -> LineBridge:
        """Join two legs in the media worker."""
        ...

    def join_early(self, caller: LineLeg, callee: LineLeg) -> None:
        """Let two unanswered legs hear each other in the media worker."""
        ...

    def record_leg(self, call: "LiveCall", began: RecordingBegan) -> None:
        """Start a recording in the media worker and note it in the journal."""
        ...

    def stop_recording(self, recording: str) -> None:
        """Finish a recording."""
        ...

    async def ring_target(
        self, call: "LiveCall", target: Target, *, caller_id: str, ring_s: float, progress: Progress | None
    ) -> OutboundLeg:
        """Ring a target by all its ways; see Call.originate."""
        ...

    def legs_ended(self, call: "LiveCall") -> None:
        """No leg lives and none is being rung."""
        ...


class LiveCall:
    """Implements ``ports.Call``.

    Args:
        owner: see CallOwner.
        purpose: see Call.purpose.
        admission: see Call.admission.

    Attributes:
        reason: for the record; refusals say which rule.
    """

    def __init__(self, owner: CallOwner, *, purpose: str, admission: Admission = Admission.FULL) -> None:
        self.id = new_id(owner.clock)
        self.purpose = purpose
        self.admission = admission
        self.reason = ""
        self._owner = owner
        self._legs: list[LineLeg] = []
        self._bridges: list[LineBridge] = []
        self._ringing = 0
        self._number_key: str | None = None
        self._closed_before = False
        self._over = asyncio.Event()
        self._recording: RecordingBegan | None = None
        self._files: dict[str, asyncio.Future[RecordingFile | None]] = {}

    @property
    def legs(self) -> Sequence[Leg]:
        """See Call."""
        return tuple(self._legs)

    @property
    def first_leg(self) -> Leg:
        """See Call.

        Raises:
            LegStateWrong: an outbound call on which nothing was rung yet.
        """
        if not self._legs:
            raise LegStateWrong("nothing was rung on this call yet")
        return self._legs[0]

    @property
    def line_legs(self) -> tuple[LineLeg, ...]:
        """The legs, for this room."""
        return tuple(self._legs)

    @property
    def cause(self) -> Cause | None:
        """See Call."""
        return self._legs[0].cause if self._legs else None

    def add(self, leg: LineLeg) -> None:
        """A leg begins."""
        self._legs.append(leg)
        self._over.clear()

    async def originate(
        self, target: Target, *, caller_id: str, ring_s: float, progress: Progress | None = None
    ) -> OutboundLeg:
        """See Call.

        Args:
            progress: told when the party rings or its early media begins.
        """
        self._ringing += 1
        try:
            return await self._owner.ring_target(self, target, caller_id=caller_id, ring_s=ring_s, progress=progress)
        finally:
            self._ringing -= 1
            self._settle()

    async def bridge(self, a: Leg, b: Leg) -> Bridge:
        """See Call."""
        if not (isinstance(a, LineLeg) and isinstance(b, LineLeg)):
            raise LegStateWrong("a leg of another telephony cannot be bridged")
        for older in self._bridges:
            if older.joins(a) or older.joins(b):
                await older.unbridge()
        bridge = self._owner.bridge_legs(a, b)
        self._bridges = [older for older in self._bridges if not older.over] + [bridge]
        return bridge

    def join_early(self, caller: LineLeg, callee: LineLeg) -> None:
        """Let the caller hear the early media of the party being rung."""
        self._owner.join_early(caller, callee)

    async def record(self, caller: Leg) -> str:
        """See Call."""
        if self._recording is not None:
            raise LegStateWrong("this call is being recorded already")
        if not isinstance(caller, LineLeg) or caller not in self._legs or not caller.talking:
            raise LegStateWrong("only an answered leg of this call can be recorded")
        clock = self._owner.clock
        began = RecordingBegan(new_id(clock), self.id, caller.id, clock.now())
        self._recording = began
        self._files[began.recording] = asyncio.get_running_loop().create_future()
        self._owner.record_leg(self, began)
        return began.recording

    async def stop_recording(self) -> RecordingFile | None:
        """See Call."""
        if self._recording is None:
            return None
        recording, file = self._recording.recording, self._files[self._recording.recording]
        self._owner.stop_recording(recording)
        try:
            async with asyncio.timeout(FILE_WITHIN_S):
                return await asyncio.shield(file)
        except TimeoutError:
            log.error("recording was not finished in time", extra={"call": self.id, "recording": recording})
            return None

    def recorded(self, recording: str, file: RecordingFile | None) -> None:
        """The media worker has finished a recording; None if nothing could be kept."""
        if self._recording is not None and self._recording.recording == recording:
            self._recording = None
        waiting = self._files.pop(recording, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(file)

    async def ended(self) -> None:
        """See Call."""
        await self._over.wait()

    # -------------------------------------------------------------------- end

    def leg_ended(self, leg: LineLeg) -> None:
        """One leg has ended."""
        for bridge in self._bridges:
            if bridge.joins(leg):
                bridge.leg_ended(leg)
        self._settle()

    def hang_up_all(self, cause: Cause) -> None:
        """End every leg that lives."""
        for leg in self._legs:
            leg.end(cause)

    def _settle(self) -> None:
        if self._ringing == 0 and self._legs and all(leg.cause is not None for leg in self._legs):
            self._over.set()
            self._owner.legs_ended(self)

    async def lines_closed(self) -> None:
        """Return when the counters of all legs are known."""
        for leg in self._legs:
            await leg.line.closed()

    def record_of(self, key: Callable[[PhoneNumber], str]) -> CallRecord:
        """The record as things stand; closing once every leg has ended.

        Args:
            key: gives the keyed hash of a number.
        """
        first = self._legs[0]
        over = self._over.is_set()
        again, self._closed_before = self._closed_before, self._closed_before or over
        if self._number_key is None:
            self._number_key = key(first.number) if first.number else ""
        return CallRecord(
            call=self.id,
            purpose=self.purpose,
            direction=first.direction,
            admission=self.admission,
            trunk=first.trunk,
            dialled=first.dialled,
            number=first.number,
            number_key=self._number_key,
            setup_at=first.setup_at,
            rang_at=first.rang_at,
            answered_at=first.answered_at,
            ended_at=max(leg.ended_at or first.setup_at for leg in self._legs) if over else None,
            cause=first.cause,
            reason=self.reason,
            legs=tuple(leg.record() for leg in self._legs) if over else (),
            again=again and over,
        )
