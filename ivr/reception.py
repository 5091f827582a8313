"""One inbound call, from the answer to the rating (design §4, §6.3).

Greeting, then the queue raced against keys, safety words, hang-up and time; then a seat, the gas-leak lane or the
message bot; then the rating. Every talk makes a case as soon as the seat answers; who hangs up after 5 s of waiting is
put on the list of missed calls (§3.9). Key 1 is the leak key all the way, except while a rating or number is keyed.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from enum import Enum

from ivr.keys import Keys, cancel_all, playing
from ivr.leak_lane import LeakLane
from ivr.message_taking import MessageTaking
from ivr.ports import Ears, MissedCalls, Prompts, Seats
from ivr.rating import RatingByKey
from ivr.seat_search import SeatAnswered, SeatSearch
from ivr.talk import Talk, TalkEnd
from ivr.visit import CaseOpening, Visit, insist
from ivr.waiting import Entertainment, WaitingRules
from seats.call_lists import MissedCaller
from seats.missed_calls import ABANDONED_AFTER_S, MissedKind
from seats.queue import LeaveReason, QueueEntry
from telephony.ports import Admission, Call, LegEnded
from vocabulary.audio_frame import AudioFile
from vocabulary.clock import Clock
from vocabulary.errors import NuanxianError

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ReceptionRules:
    """Settings of one inbound call; seconds.

    Attributes:
        greeting: whether the greeting is said (settings ``reception.greeting``; off only for measuring).
        record: whether the call is recorded.
        seat_ring_s: how long one seat rings (settings ``seats.ring_s``).
        announce_staff: 工号播报 to the caller before the bridge (design §6.3).
        rating: whether callers are asked to rate (settings ``reception.rating``).
        narrow_rounds: how often the announcement is repeated when the machine is nearly full (§10.4).
        narrow_gap_s: quiet after it, in which key 1 still counts.
        waiting: music, position and the offer of a message.
    """

    greeting: bool = True
    record: bool = True
    seat_ring_s: float = 15.0
    announce_staff: bool = True
    rating: bool = True
    narrow_rounds: int = 2
    narrow_gap_s: float = 2.0
    waiting: WaitingRules = field(default_factory=WaitingRules)


class _Next(Enum):
    """Where a waiting caller goes."""

    SEAT = "seat"
    LEAK = "leak"
    MESSAGE = "message"
    BOT = "bot"


class Reception:
    """Runs inbound calls: ``call_control.on_inbound(reception.run)``.

    Args:
        leak_lane, messages, rating: the parts a call may go to.
        cases: makes the case of a talk.
        ears: hears safety words before the talk, best effort; None hears nothing.
    """

    def __init__(
        self,
        *,
        seats: Seats,
        prompts: Prompts,
        leak_lane: LeakLane,
        messages: MessageTaking,
        rating: RatingByKey,
        cases: CaseOpening,
        missed: MissedCalls,
        clock: Clock,
        ears: Ears | None = None,
        rules: ReceptionRules | None = None,
    ) -> None:
        self._seats = seats
        self._prompts = prompts
        self._leak_lane = leak_lane
        self._messages = messages
        self._missed = missed
        self._clock = clock
        self._ears = ears
        self._rules = rules or ReceptionRules()
        self._talk = Talk(
            seats,
            prompts,
            cases,
            clock,
            rating=rating if self._rules.rating else None,
            announce_staff=self._rules.announce_staff,
        )

    async def run(self, call: Call) -> None:
        """Serve one inbound call to its end; telephony hangs up what is left of it."""
        leg = call.first_leg
        try:
            await leg.answer()
            recording = await self._record(call)
            async with Keys(leg) as keys:
                await self._serve(Visit(call, leg, keys, recording))
        except LegEnded as ended:
            log.info("caller hung up", extra={"call": call.id, "cause": ended.cause.name})

    async def _record(self, call: Call) -> str | None:
        if not self._rules.record:
            return None
        try:
            return await call.record(call.first_leg)
        except NuanxianError:
            log.exception("a call is served without recording", extra={"call": call.id})
            return None

    async def _serve(self, visit: Visit) -> None:
        safety = self._listen_for_safety(visit)
        try:
            if visit.call.admission is Admission.NARROW:
                found_by = await self._narrow(visit, safety)
            else:
                greeting = [self._prompts.file("reception.greeting")] if self._rules.greeting else []
                found_by = await self._say(visit, safety, *greeting)
                if not found_by:
                    found_by = await self._queue(visit, safety)
        finally:
            await cancel_all(safety)
        if found_by:
            await self._leak_lane.run(visit.call, visit.leg, found_by, recording=visit.recording)

    async def _narrow(self, visit: Visit, safety: "asyncio.Task[str]") -> str:
        """Nearly full: only the announcement and the leak key (§10.4); how a leak was told, or ""."""
        for _ in range(self._rules.narrow_rounds):
            if found_by := await self._say(visit, safety, self._prompts.file("reception.narrow")):
                return found_by
            if found_by := await self._leak_told_within(visit, safety, self._rules.narrow_gap_s):
                return found_by
        await self._note_missed(visit, MissedKind.NARROW, 0.0)
        return ""

    async def _say(self, visit: Visit, safety: "asyncio.Task[str]", *files: AudioFile) -> str:
        """Play; how a leak was told meanwhile, or ""."""
        if not files:
            return ""
        key = asyncio.create_task(visit.keys.next("1"), name=f"leak key of {visit.call.id}")
        try:
            async with playing(visit.leg, *files) as saying:
                await asyncio.wait({saying, key, safety}, return_when=asyncio.FIRST_COMPLETED)
                if told := _told(key, safety):
                    return told
                saying.result()
            return ""
        finally:
            await cancel_all(key)

    async def _leak_told_within(self, visit: Visit, safety: "asyncio.Task[str]", patience_s: float) -> str:
        key = asyncio.create_task(visit.keys.next("1"), name=f"leak key of {visit.call.id}")
        time_up = asyncio.create_task(self._clock.sleep(patience_s), name=f"patience of {visit.call.id}")
        ended = asyncio.create_task(visit.leg.ended(), name=f"end of {visit.call.id}")
        try:
            await asyncio.wait({key, safety, time_up, ended}, return_when=asyncio.FIRST_COMPLETED)
            return _told(key, safety)
        finally:
            await cancel_all(key, time_up, ended)

    # -- the queue --------------------------------------------------------------------------------------------------

    async def _queue(self, visit: Visit, safety: "asyncio.Task[str]") -> str:
        """Everything from joining the queue to the end of the call; how a leak was told, or ""."""
        if await self._bot_at_once(visit):
            await cancel_all(safety)  # one stream at a time on a leg: the message is listened to instead
            taken = await self._messages.take(visit, place_kept=False)
            return taken.found_by
        entry = self._seats.entry(visit.call.id, number=visit.leg.number)
        reason = LeaveReason.HUNG_UP
        try:
            while True:
                found = await self._wait(visit, entry, safety)
                match found:
                    case SeatAnswered():
                        reason = LeaveReason.ANSWERED
                        await cancel_all(safety)
                        if await self._talk.run(visit, found) is TalkEnd.OVER:
                            return ""
                        entry, reason = self._place_again(visit, entry), LeaveReason.HUNG_UP
                        safety = self._listen_for_safety(visit)
                    case str():
                        reason = LeaveReason.TO_LEAK_LANE
                        return found
                    case _Next.MESSAGE | _Next.BOT:
                        await cancel_all(safety)
                        kept = found is _Next.MESSAGE
                        reason = reason if kept else LeaveReason.LEFT_MESSAGE
                        found_by = await self._leave_message(visit, entry, place_kept=kept)
                        if kept and not found_by:
                            safety = self._listen_for_safety(visit)
                            found_by = await self._say(visit, safety, self._prompts.file("reception.still_waiting"))
                        if found_by:
                            reason = LeaveReason.TO_LEAK_LANE
                        if found_by or not kept:
                            return found_by
        finally:
            await cancel_all(safety)
            await self._leave(visit, entry, reason)

    async def _leave_message(self, visit: Visit, entry: QueueEntry, *, place_kept: bool) -> str:
        """How a leak was told in the message, or ""."""
        if place_kept:
            await self._keep_place(entry)
        waited_s = entry.waited_s(at=self._clock.now())
        return (await self._messages.take(visit, place_kept=place_kept, waited_s=waited_s)).found_by

    async def _bot_at_once(self, visit: Visit) -> bool:
        """Nobody is signed in, or the queue is over its limit (design §6.3)."""
        try:
            outlook = await self._seats.outlook()
        except NuanxianError:
            log.exception("the seats cannot be seen, the bot answers", extra={"call": visit.call.id})
            return True
        return outlook.signed_in == 0 or outlook.over_limit

    async def _wait(self, visit: Visit, entry: QueueEntry, safety: "asyncio.Task[str]") -> SeatAnswered | _Next | str:
        """Until a seat picked up, the caller chose otherwise, told of a leak (a str), or hung up.

        Raises:
            LegEnded: the caller hung up.
        """
        entertainment = Entertainment(self._seats, self._prompts, self._clock, self._rules.waiting)
        amuse = asyncio.create_task(entertainment.run(visit, entry), name=f"music for {visit.call.id}")
        ended = asyncio.create_task(visit.leg.ended(), name=f"end of {visit.call.id}")
        key = asyncio.create_task(visit.keys.next("12"), name=f"keys of {visit.call.id}")
        search = SeatSearch(self._seats, visit.call, entry, caller_id=visit.caller_id, ring_s=self._rules.seat_ring_s)
        try:
            async with search:
                while True:
                    await asyncio.wait({search.task, amuse, ended, key, safety}, return_when=asyncio.FIRST_COMPLETED)
                    if ended.done():
                        raise LegEnded(ended.result())
                    if told := _told(key, safety):
                        return told
                    if search.task.done():
                        return search.take()
                    if key.done():
                        if visit.message_offered and self._rules.waiting.message:
                            return _Next.MESSAGE
                        key = asyncio.create_task(visit.keys.next("12"), name=f"keys of {visit.call.id}")
                    if amuse.done():
                        amuse.result()
                        return _Next.BOT
        finally:
            await cancel_all(amuse, ended, key)

    async def _keep_place(self, entry: QueueEntry) -> None:
        try:
            await self._seats.pause(entry)
        except NuanxianError:
            log.exception("a waiting caller could not be paused", extra={"call": entry.call_id})

    def _place_again(self, visit: Visit, entry: QueueEntry) -> QueueEntry:
        """A new entry with the old place, for a caller whose seat lost its line."""
        again = self._seats.entry(visit.call.id, number=visit.leg.number)
        again.entered_at = entry.entered_at
        return again

    async def _leave(self, visit: Visit, entry: QueueEntry, reason: LeaveReason) -> None:
        waited_s = entry.waited_s(at=self._clock.now())
        await insist(
            lambda: self._seats.leave(entry, reason), self._clock, what="leave the queue", call_id=visit.call.id
        )
        abandoned = reason is LeaveReason.HUNG_UP and waited_s > ABANDONED_AFTER_S
        if abandoned and not visit.message_kept:
            await self._note_missed(visit, MissedKind.ABANDONED, waited_s)

    async def _note_missed(self, visit: Visit, kind: MissedKind, waited_s: float) -> None:
        missed = MissedCaller(visit.call.id, kind, visit.leg.number, waited_s, visit.recording, visit.case_number)
        await insist(lambda: self._missed.note(missed), self._clock, what="missed call", call_id=visit.call.id)

    def _listen_for_safety(self, visit: Visit) -> "asyncio.Task[str]":
        """Words before the talk, best effort (§10): a task that ends with the word, or never."""

        async def listening() -> str:
            if self._ears is not None:
                try:
                    return await self._ears.spot_safety(visit.leg)
                except (LegEnded, NuanxianError) as error:
                    log.info("safety words not heard", extra={"call": visit.call.id, "error": type(error).__name__})
                except Exception:  # best effort: whatever ails the hearing, the call goes on by keys
                    log.exception("safety words not heard", extra={"call": visit.call.id})
            never: asyncio.Future[str] = asyncio.get_running_loop().create_future()
            return await never

        return asyncio.create_task(listening(), name=f"safety words of {visit.call.id}")


def _told(key: "asyncio.Task[str]", safety: "asyncio.Task[str]") -> str:
    """How a leak was told, by what has happened so far; "" if it was not."""
    if key.done() and not key.cancelled() and key.result() == "1":
        return "按键1"
    if safety.done() and not safety.cancelled():
        return f"安全词:{safety.result()}"
    return ""
