"""The gas-leak lane (domain spec §10): before everything, at any hour and load, and a machine never hangs up on it.

Head of the queue; seats in wrap-up or break may be taken; no seat within 10 s and the duty chain is rung in a loop
besides, 20 s each, until somebody presses 1 or a seat picks up. The safety text repeats meanwhile. The P0 case is made
at once. A caller who hangs up before a person spoke is handed to the rescue desk with number and recording.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from ivr.keys import Keys, cancel_all, playing, say_both
from ivr.ports import CallKind, Prompts, RescueDesk, Seats
from ivr.seat_search import SeatAnswered, SeatSearch
from ivr.visit import UNKNOWN_CALLER, CaseOpening, insist
from seats.call_lists import LostLeakCaller
from seats.duty_chain import RING_S, DutyPerson, rings
from seats.queue import Lane, LeaveReason, QueueEntry
from telephony.causes import Cause
from telephony.ports import BridgeEnd, Call, CallFailed, Direction, Leg, LegEnded
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

DEMAND = "燃气泄漏来电,请立即派抢修并听取录音。"
"""The demand of the P0 case until somebody writes a better one."""


@dataclass(frozen=True, slots=True)
class LeakRules:
    """Numbers of the lane; seconds.

    Attributes:
        seat_wait_s: without a seat for so long, the duty chain is rung (§10.1: 10 s).
        seat_ring_s: one seat rings so long.
        duty_chain: 班长→抢修调度→负责人→分公司 (§10.1); empty is an error in the log and leaves only seats.
        duty_ring_s: each is rung so long (§10.1: 20 s).
        accept_s: how long an answered duty person may take to press 1; an answering machine never does.
        failed_ring_pause_s: before the next ring when one failed at once, so that a dead trunk is not hammered.
        text_gap_s: quiet between two rounds of the safety text, in which the caller may speak into the recording.
        dropped_within_s: a talk that ends sooner was a dropped line: the caller is connected again.
        hotline_number: shown to those rung through the trunk; "" for each trunk's own, which always may be shown.
    """

    seat_wait_s: float = 10.0
    seat_ring_s: float = 15.0
    duty_chain: Sequence[DutyPerson] = ()
    duty_ring_s: float = RING_S
    accept_s: float = 20.0
    failed_ring_pause_s: float = 2.0
    text_gap_s: float = 2.0
    dropped_within_s: float = 10.0
    hotline_number: str = ""


@dataclass(frozen=True, slots=True)
class _DutyAnswered:
    person: DutyPerson
    leg: Leg


@dataclass(slots=True)
class _LeakCall:
    """One caller in the lane; ``spoken_to`` once a person was bridged."""

    call: Call
    leg: Leg
    keys: Keys
    found_by: str
    recording: str | None
    entry: QueueEntry
    spoken_to: bool = field(default=False)

    @property
    def caller_id(self) -> str:
        return self.leg.number.national if self.leg.number else UNKNOWN_CALLER


class LeakLane:
    """Runs leak callers; entered from reception, messages, callbacks and seats alike.

    Args:
        cases: makes the P0 case.
        desk: takes over callers who hang up.
    """

    def __init__(
        self,
        *,
        seats: Seats,
        prompts: Prompts,
        cases: CaseOpening,
        desk: RescueDesk,
        clock: Clock,
        rules: LeakRules | None = None,
    ) -> None:
        self._seats = seats
        self._prompts = prompts
        self._cases = cases
        self._desk = desk
        self._clock = clock
        self._rules = rules or LeakRules()
        if not self._rules.duty_chain:
            log.error("the duty chain is empty: leak callers reach seats only")

    async def run(self, call: Call, leg: Leg, found_by: str, *, recording: str | None = None) -> None:
        """Serve one leak caller until the caller hangs up; never ends the caller's leg itself.

        Args:
            call: the live call; further legs are added to it.
            leg: the caller's answered leg, which plays nothing and is in no bridge.
            found_by: how the leak was told, in Chinese, e.g. ``按键1`` or ``安全词:漏气``.
            recording: identifier of the running recording, if any.
        """
        log.warning("leak lane entered", extra={"call": call.id, "found_by": found_by})
        case = asyncio.create_task(
            self._cases.open(
                call.id,
                CallKind.LEAK,
                caller=leg.number,
                demand=f"{DEMAND}({found_by})",
                recording=recording,
                by="BOT",
            ),
            name=f"P0 case of {call.id}",
        )
        async with Keys(leg) as keys:
            entry = self._seats.entry(call.id, number=leg.number, lane=Lane.LEAK)
            leak = _LeakCall(call, leg, keys, found_by, recording, entry)
            try:
                while True:
                    try:
                        await self._connect_and_talk(leak)
                    except LegEnded:
                        raise
                    except Exception:  # whatever failed, a fault of ours too: this caller is not hung up on
                        log.exception("the leak lane begins again", extra={"call": call.id})
                        await self._clock.sleep(self._rules.failed_ring_pause_s)
            except LegEnded:
                log.info("leak caller hung up", extra={"call": call.id, "spoken_to": leak.spoken_to})
            finally:
                await self._finish(leak, case)

    async def _connect_and_talk(self, leak: _LeakCall) -> None:
        """One person found and one talk; returns when the caller wants, or needs, another.

        Raises:
            LegEnded: the caller hung up.
        """
        found = await self._find_person(leak)
        end = await self._talk(leak, found)
        if leak.leg.cause is not None:
            raise LegEnded(leak.leg.cause)
        if end is not None and end.ended_leg is None:
            raise LegEnded(await leak.leg.ended())  # parted on purpose: somebody else serves the caller now
        leak.entry = self._seats.entry(leak.call.id, number=leak.leg.number, lane=Lane.LEAK)
        if end is None or end.talked_s < self._rules.dropped_within_s or end.cause is not Cause.NORMAL:
            leak.spoken_to = False
            await leak.leg.play(self._prompts.file("leak.dropped"))
            return
        await self._ask_again(leak)

    async def _find_person(self, leak: _LeakCall) -> "SeatAnswered | _DutyAnswered":
        safety = [self._prompts.file("leak.safety"), self._prompts.file("leak.more")]
        ended = asyncio.create_task(leak.leg.ended(), name=f"leak caller of {leak.call.id}")
        search = SeatSearch(
            self._seats, leak.call, leak.entry, caller_id=leak.caller_id, ring_s=self._rules.seat_ring_s
        )
        duty = _DutyRinging(leak.call, self._prompts, self._clock, self._rules)
        try:
            async with playing(leak.leg, *safety, repeat=True, gap_s=self._rules.text_gap_s), search, duty:
                await asyncio.wait({search.task, duty.task, ended}, return_when=asyncio.FIRST_COMPLETED)
                if ended.done():
                    raise LegEnded(ended.result())
                found: SeatAnswered | _DutyAnswered = search.take() if search.task.done() else duty.take()
        finally:
            await cancel_all(ended)
        if isinstance(found, _DutyAnswered):
            await self._insist(leak, "leave", lambda: self._seats.leave(leak.entry, LeaveReason.DUTY_ANSWERED))
        return found

    async def _talk(self, leak: _LeakCall, found: "SeatAnswered | _DutyAnswered") -> BridgeEnd | None:
        """Bridge until one leaves; None if the staff hung up before."""
        try:
            try:
                connected = self._prompts.file("leak.connected")
                if isinstance(found, SeatAnswered):
                    await say_both(leak.leg, [connected], found.leg, [self._prompts.file("seat.incoming_leak")])
                else:
                    await leak.leg.play(connected)
                bridge = await leak.call.bridge(leak.leg, found.leg)
            except LegEnded:
                return None
            leak.spoken_to = True
            log.info("leak caller connected", extra={"call": leak.call.id, "to": _who(found)})
            return await bridge.ended()
        finally:
            if leak.leg.cause is not None or found.leg.cause is not None:
                await found.leg.hangup()
            if isinstance(found, SeatAnswered):
                offer = found.offer
                await self._insist(leak, "seat ended", lambda: self._seats.ended(offer))

    async def _ask_again(self, leak: _LeakCall) -> None:
        """The staff hung up; return when the caller presses 1, and otherwise wait for the caller to hang up."""
        leak.keys.forget()
        key = asyncio.create_task(leak.keys.next("1"), name=f"leak key of {leak.call.id}")
        ended = asyncio.create_task(leak.leg.ended(), name=f"leak caller of {leak.call.id}")
        try:
            left = self._prompts.file("leak.staff_left")
            async with playing(leak.leg, left, repeat=True, gap_s=self._rules.text_gap_s):
                await asyncio.wait({key, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not key.done():
                raise LegEnded(ended.result())
            leak.spoken_to = False
        finally:
            await cancel_all(key, ended)

    async def _finish(self, leak: _LeakCall, case: "asyncio.Task[str | None]") -> None:
        """The caller is gone: leave the queue, and tell the rescue desk unless a person spoke."""
        await self._insist(leak, "leave", lambda: self._seats.leave(leak.entry, LeaveReason.HUNG_UP))
        try:
            case_number = await case
        except Exception:  # the rescue desk gets the caller's number all the same
            log.exception("no P0 case was made for a leak caller", extra={"call": leak.call.id})
            case_number = None
        if leak.spoken_to:
            return
        caller = LostLeakCaller(leak.call.id, leak.leg.number, leak.found_by, leak.recording, case_number)
        await self._insist(leak, "rescue desk", lambda: self._desk.hand_over(caller))

    async def _insist(self, leak: _LeakCall, what: str, act: Callable[[], Awaitable[None]]) -> None:
        await insist(act, self._clock, what=what, call_id=leak.call.id)


class _DutyRinging:
    """Rings the duty chain in a task while the block is open; an answered leg that nobody takes is hung up."""

    def __init__(self, call: Call, prompts: Prompts, clock: Clock, rules: LeakRules) -> None:
        self._call = call
        self._prompts = prompts
        self._clock = clock
        self._rules = rules
        self._before = {leg.id for leg in call.legs}
        self._taken: Leg | None = None
        self.task: asyncio.Task[_DutyAnswered]

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self._ring(), name=f"duty chain for {self._call.id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        for leg in self._call.legs:
            ours = leg.direction is Direction.OUTBOUND and leg.trunk is not None and leg.id not in self._before
            if not ours or leg is self._taken or leg.cause is not None:
                continue
            if isinstance(error, LegEnded):
                await self._say_caller_gone(leg)
            await leg.hangup()

    def take(self) -> _DutyAnswered:
        """Who pressed 1."""
        found = self.task.result()
        self._taken = found.leg
        return found

    async def _ring(self) -> _DutyAnswered:
        await self._clock.sleep(self._rules.seat_wait_s)
        for ring in rings(self._rules.duty_chain, ring_s=self._rules.duty_ring_s):
            began_s = self._clock.monotonic_s()
            try:
                leg = await self._call.originate(
                    ring.person.target, caller_id=self._rules.hotline_number, ring_s=ring.ring_s
                )
            except CallFailed as failed:
                log.warning(
                    "duty person not reached",
                    extra={"call": self._call.id, "role": ring.person.role, "cause": failed.cause.name},
                )
                if self._clock.monotonic_s() - began_s < self._rules.failed_ring_pause_s:
                    await self._clock.sleep(self._rules.failed_ring_pause_s)
                continue
            if await self._accepts(leg):
                return _DutyAnswered(ring.person, leg)
            await leg.hangup()
        await asyncio.get_running_loop().create_future()  # nobody on duty: only a seat can end the search
        raise AssertionError("unreachable")

    async def _accepts(self, leg: Leg) -> bool:
        playing_to = asyncio.create_task(
            leg.play(self._prompts.file("leak.duty"), stop_on="1", repeat=True, gap_s=1.0), name=f"duty {leg.id}"
        )
        time_up = asyncio.create_task(self._clock.sleep(self._rules.accept_s), name=f"duty patience {leg.id}")
        try:
            await asyncio.wait({playing_to, time_up}, return_when=asyncio.FIRST_COMPLETED)
            return playing_to.done() and playing_to.exception() is None and playing_to.result().digit == "1"
        finally:
            await cancel_all(playing_to, time_up)

    async def _say_caller_gone(self, leg: Leg) -> None:
        """Whoever was just being asked to take the call is told to call back (§10.3)."""
        try:
            await leg.stop_playing()
            await leg.play(self._prompts.file("leak.caller_gone"))
        except LegEnded:
            log.info("duty person hung up too", extra={"call": self._call.id})


def _who(found: "SeatAnswered | _DutyAnswered") -> str:
    return found.offer.account if isinstance(found, SeatAnswered) else found.person.role
