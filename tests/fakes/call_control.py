"""Telephony without a network: legs, calls and call control in memory, on the fake clock, scripted by the test.

A test plays the caller (``press``, ``hang_up``, ``hold``), scripts what rung parties do (``control.script``), and reads
what was heard (``leg.heard``), rung (``control.rung``) and recorded. Nothing here decides anything.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from telephony.causes import Cause
from telephony.ports import (
    Admission,
    BridgeEnd,
    Call,
    CallFailed,
    Direction,
    InboundHandler,
    LegEnded,
    LegState,
    NumberTarget,
    Played,
    RecordingFile,
    SeatTarget,
    ShortCodeTarget,
    Target,
)
from tests.fakes.clock import FakeClock
from vocabulary.audio_frame import AudioFile
from vocabulary.phone_number import PhoneNumber

PROMPT_S = 2.0
"""How long a file plays unless ``control.lengths_s`` names its stem."""


@dataclass
class Answers:
    """What a rung party does.

    Attributes:
        after_s: seconds of ringing before it answers; None: it never does.
        refuses: the cause with which it ends the ringing instead (after ``after_s`` or at once).
        presses: (seconds after the answer, keys).
        hangs_up_after_s: seconds after the answer; None: stays.
    """

    after_s: float | None = 2.0
    refuses: Cause | None = None
    presses: tuple[tuple[float, str], ...] = ()
    hangs_up_after_s: float | None = None


NEVER = Answers(after_s=None)
BUSY = Answers(after_s=0.5, refuses=Cause.BUSY)
REFUSES = Answers(after_s=1.0, refuses=Cause.REFUSED)
NOT_REGISTERED = Answers(after_s=0.0, refuses=Cause.NOT_REGISTERED)


def name_of(target: Target) -> str:
    """How scripts and logs name a target: the account, the national number, or the digits."""
    match target:
        case SeatTarget(account):
            return account
        case NumberTarget(number):
            return number.national
        case ShortCodeTarget(digits):
            return digits


class FakeLeg:
    """One party; implements telephony.ports.Leg.

    Attributes:
        heard: stems of the files that began to play, in order (``greeting`` for ``…/greeting.alaw``).
        heard_at_s: (monotonic seconds, stem) of the same.
        sent_digits: what send_digits sent.
        streams: names of the listened streams, in order.
        listening: the stream now listened to, or None.
        held: whether it is on hold.
    """

    def __init__(
        self,
        control: "FakeCallControl",
        leg_id: str,
        *,
        direction: Direction,
        number: PhoneNumber | None = None,
        account: str | None = None,
        dialled: str = "",
        trunk: str | None = None,
        state: LegState = LegState.CALLING,
    ) -> None:
        self._control = control
        self._clock = control.clock
        self.id = leg_id
        self.direction = direction
        self.number = number
        self.account = account
        self.dialled = dialled
        self.trunk = trunk
        self.state = state
        self.cause: Cause | None = None
        self.hung_up_by_us = False
        self.heard: list[str] = []
        self.heard_at_s: list[tuple[float, str]] = []
        self.sent_digits = ""
        self.streams: list[str] = []
        self.listening: str | None = None
        self.held = False
        self._ended = asyncio.Event()
        self._subscribers: list[asyncio.Queue[str | None]] = []
        self._stop = asyncio.Event()

    # -- what the far party does -------------------------------------------------------------------------------

    def press(self, keys: str) -> None:
        """The party presses keys, all at this moment."""
        for key in keys:
            for queue in list(self._subscribers):
                queue.put_nowait(key)

    def hang_up(self, cause: Cause = Cause.NORMAL) -> None:
        """The party hangs up, or its line fails with that cause."""
        if self.cause is not None:
            return
        self.cause = cause
        self.state = LegState.ENDED
        self._ended.set()
        for queue in list(self._subscribers):
            queue.put_nowait(None)

    # -- telephony.ports.Leg ------------------------------------------------------------------------------------

    async def ring(self, early_media: AudioFile | None = None) -> None:
        self._alive()
        self.state = LegState.RINGING if early_media is None else LegState.EARLY

    async def answer(self) -> None:
        self._alive()
        self.state = LegState.ANSWERED
        await asyncio.sleep(0)

    async def play(self, *files: AudioFile, stop_on: str = "", repeat: bool = False, gap_s: float = 0.0) -> Played:
        self._alive()
        self._stop.clear()
        began_s = self._clock.monotonic_s()
        with self._subscription() as keys:
            while True:
                for file in files:
                    self.heard.append(file.path.stem)
                    self.heard_at_s.append((self._clock.monotonic_s(), file.path.stem))
                    stopped, digit = await self._wait_playing(self._control.length_s(file), keys, stop_on)
                    if stopped:
                        return Played(self._clock.monotonic_s() - began_s, finished=False, digit=digit)
                if not repeat:
                    return Played(self._clock.monotonic_s() - began_s, finished=True)
                stopped, digit = await self._wait_playing(max(gap_s, 0.02), keys, stop_on)
                if stopped:
                    return Played(self._clock.monotonic_s() - began_s, finished=False, digit=digit)

    async def stop_playing(self) -> None:
        self._stop.set()
        await asyncio.sleep(0)

    async def collect(self, count: int, *, first_s: float, between_s: float, finish: str = "#") -> str:
        self._alive()
        collected = ""
        with self._subscription() as keys:
            while len(collected) < count:
                patience_s = between_s if collected else first_s
                key = await self._or_after(keys.get(), patience_s)
                if key is None:
                    self._alive()
                    break
                if key in finish:
                    break
                collected += key
        return collected

    async def _iterate_digits(self, keys: "asyncio.Queue[str | None]") -> AsyncIterator[str]:
        try:
            while (key := await keys.get()) is not None:
                yield key
        finally:
            with contextlib.suppress(ValueError):
                self._subscribers.remove(keys)

    def digits(self) -> AsyncIterator[str]:
        keys: asyncio.Queue[str | None] = asyncio.Queue()
        self._subscribers.append(keys)
        if self.cause is not None:
            keys.put_nowait(None)
        return self._iterate_digits(keys)

    async def listen(self, stream: str, speech_socket: str) -> None:
        self._alive()
        self.streams.append(stream)
        self.listening = stream
        await asyncio.sleep(0)

    async def unlisten(self) -> None:
        self.listening = None
        await asyncio.sleep(0)

    async def send_digits(self, digits: str) -> None:
        self._alive()
        self.sent_digits += digits

    async def hold(self) -> None:
        self._alive()
        self.held, self.state = True, LegState.HELD

    async def resume(self) -> None:
        self._alive()
        self.held, self.state = False, LegState.ANSWERED

    async def hangup(self, cause: Cause = Cause.NORMAL) -> None:
        if self.cause is None:
            self.hung_up_by_us = True
            self.hang_up(cause)
        await asyncio.sleep(0)

    async def ended(self) -> Cause:
        await self._ended.wait()
        assert self.cause is not None
        return self.cause

    # -- insides ------------------------------------------------------------------------------------------------

    def _alive(self) -> None:
        if self.cause is not None:
            raise LegEnded(self.cause)

    @contextlib.contextmanager
    def _subscription(self) -> "Iterator[asyncio.Queue[str | None]]":
        keys: asyncio.Queue[str | None] = asyncio.Queue()
        self._subscribers.append(keys)
        try:
            yield keys
        finally:
            self._subscribers.remove(keys)

    async def _or_after(self, coroutine: Coroutine[Any, Any, Any], patience_s: float) -> Any:
        """The coroutine's result, or None when that many seconds of the clock passed first."""
        work = asyncio.ensure_future(coroutine)
        timer = asyncio.ensure_future(self._clock.sleep(patience_s))
        try:
            await asyncio.wait({work, timer}, return_when=asyncio.FIRST_COMPLETED)
            return work.result() if work.done() else None
        finally:
            work.cancel()
            timer.cancel()

    async def _wait_playing(
        self, length_s: float, keys: "asyncio.Queue[str | None]", stop_on: str
    ) -> tuple[bool, str | None]:
        """Wait out one file; (stopped before its end, by which key)."""

        async def a_stopping_key() -> str | None:
            while (key := await keys.get()) is not None:
                if key in stop_on:
                    return key
            return None

        watchers = [
            asyncio.ensure_future(self._clock.sleep(length_s)),
            asyncio.ensure_future(a_stopping_key()),
            asyncio.ensure_future(self._stop.wait()),
        ]
        try:
            await asyncio.wait(watchers, return_when=asyncio.FIRST_COMPLETED)
            self._alive()
            if watchers[1].done():
                return True, watchers[1].result()
            return (True, None) if watchers[2].done() else (False, None)
        finally:
            for watcher in watchers:
                watcher.cancel()


class FakeBridge:
    """Implements telephony.ports.Bridge."""

    def __init__(self, clock: FakeClock, a: FakeLeg, b: FakeLeg) -> None:
        self._clock = clock
        self.a = a
        self.b = b
        self._began_s = clock.monotonic_s()
        self._parted = asyncio.Event()

    async def ended(self) -> BridgeEnd:
        waits = [asyncio.ensure_future(wait) for wait in (self.a.ended(), self.b.ended(), self._parted.wait())]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        talked_s = self._clock.monotonic_s() - self._began_s
        for leg in (self.a, self.b):
            if leg.cause is not None:
                return BridgeEnd(leg.id, leg.cause, talked_s)
        return BridgeEnd(None, None, talked_s)

    async def unbridge(self) -> None:
        self._parted.set()
        await asyncio.sleep(0)


class FakeCall:
    """Implements telephony.ports.Call.

    Attributes:
        bridges: every bridge made, in order.
        recorded_leg: the leg handed to record(), or None.
        recordings: identifiers handed out.
    """

    def __init__(self, control: "FakeCallControl", call_id: str, first_leg: FakeLeg | None, purpose: str) -> None:
        self._control = control
        self.id = call_id
        self.purpose = purpose
        self.admission = Admission.FULL
        self._legs: list[FakeLeg] = [first_leg] if first_leg else []
        self.bridges: list[FakeBridge] = []
        self.recorded_leg: FakeLeg | None = None
        self.recordings: list[str] = []
        self._recording_since_s: float | None = None

    @property
    def first_leg(self) -> FakeLeg:
        return self._legs[0]

    @property
    def cause(self) -> Cause | None:
        return self._legs[0].cause if self._legs else None

    @property
    def legs(self) -> Sequence[FakeLeg]:
        return tuple(self._legs)

    async def originate(self, target: Target, *, caller_id: str, ring_s: float) -> FakeLeg:
        name = name_of(target)
        ring = Ring(name, self._control.clock.monotonic_s(), caller_id, ring_s)
        self._control.rings.append(ring)
        script = self._control.next_script(name)
        try:
            leg = await self._ring(target, name, script, ring_s)
        except CallFailed as failed:
            ring.outcome = failed.cause.name
            raise
        except asyncio.CancelledError:
            ring.outcome = "CANCELLED"
            raise
        ring.outcome = "ANSWERED"
        return leg

    async def _ring(self, target: Target, name: str, script: Answers, ring_s: float) -> FakeLeg:
        clock = self._control.clock
        if script.after_s is None or script.after_s > ring_s:
            await clock.sleep(ring_s)
            raise CallFailed(Cause.NO_ANSWER, 480)
        await clock.sleep(script.after_s)
        if script.refuses is not None:
            raise CallFailed(script.refuses, script.refuses.sip_status)
        leg = FakeLeg(
            self._control,
            self._control.new_name("leg"),
            direction=Direction.OUTBOUND,
            number=target.number if isinstance(target, NumberTarget) else None,
            account=target.account if isinstance(target, SeatTarget) else None,
            trunk=None if isinstance(target, SeatTarget) else "sim",
            state=LegState.ANSWERED,
        )
        self._legs.append(leg)
        self._control.legs[name].append(leg)
        self._control.act(leg, script)
        return leg

    async def bridge(self, a: Any, b: Any) -> FakeBridge:
        for leg in (a, b):
            if leg.cause is not None:
                raise LegEnded(leg.cause)
        bridge = FakeBridge(self._control.clock, a, b)
        self.bridges.append(bridge)
        return bridge

    async def record(self, caller: Any) -> str:
        self.recorded_leg = caller
        recording = self._control.new_name("recording")
        self.recordings.append(recording)
        self._recording_since_s = self._control.clock.monotonic_s()
        return recording

    async def stop_recording(self) -> RecordingFile | None:
        if self._recording_since_s is None:
            return None
        duration_s = self._control.clock.monotonic_s() - self._recording_since_s
        self._recording_since_s = None
        recording = self.recordings[-1]
        file = RecordingFile(recording, f"/spool/{recording}.wav", duration_s)
        for handler in self._control.recording_handlers:
            await handler(self, file)
        return file

    async def ended(self) -> None:
        await asyncio.gather(*(leg.ended() for leg in self._legs))


@dataclass
class Ring:
    """One attempt to ring somebody; ``outcome`` is ANSWERED, CANCELLED, a cause's name, or "" while it rings."""

    name: str
    at_s: float
    caller_id: str
    ring_s: float
    outcome: str = field(default="")


class FakeCallControl:
    """Implements telephony.ports.CallControl.

    Attributes:
        rings: every originate, in order.
        legs: answered outbound legs by the target's name.
        lengths_s: seconds a file plays, by the stem of its path; PROMPT_S otherwise.
        unregistered: accounts without a live contact.
    """

    def __init__(self, clock: FakeClock) -> None:
        self.clock = clock
        self.rings: list[Ring] = []
        self.calls: list[FakeCall] = []
        self.legs: dict[str, list[FakeLeg]] = defaultdict(list)
        self.lengths_s: dict[str, float] = {}
        self.unregistered: set[str] = set()
        self.recording_handlers: list[Callable[[Call, RecordingFile], Awaitable[None]]] = []
        self._scripts: dict[str, list[Answers]] = {}
        self._inbound: InboundHandler | None = None
        self._account_call: InboundHandler | None = None
        self._names: dict[str, int] = defaultdict(int)
        self._tasks: set[asyncio.Task[None]] = set()

    # -- for tests ----------------------------------------------------------------------------------------------

    def script(self, name: str, *answers: Answers) -> None:
        """What the party of that name does on its 1st, 2nd … ring; the last goes on for ever. Unscripted: NEVER."""
        self._scripts[name] = list(answers)

    @property
    def rung(self) -> list[str]:
        """Names rung, in order."""
        return [ring.name for ring in self.rings]

    def inbound(
        self,
        number: str | None = "13800001234",
        *,
        dialled: str = "96556",
        account: str | None = None,
        trunk: str | None = "sim",
        admission: Admission = Admission.FULL,
    ) -> FakeCall:
        """A call from outside (or from a phone with that account), not yet answered."""
        leg = FakeLeg(
            self,
            self.new_name("leg"),
            direction=Direction.INBOUND,
            number=PhoneNumber.parse(number) if number else None,
            account=account,
            dialled=dialled,
            trunk=None if account else trunk,
        )
        call = FakeCall(self, self.new_name("call"), leg, "account" if account else "inbound")
        call.admission = admission
        self.calls.append(call)
        return call

    def run(self, call: FakeCall, handler: InboundHandler | None = None) -> "asyncio.Task[None]":
        """Run the handler (or the registered one) as telephony does: when it returns, remaining legs are hung up."""
        chosen = handler or (self._account_call if call.first_leg.account else self._inbound)
        assert chosen is not None, "no handler is registered"

        async def handled() -> None:
            try:
                await chosen(call)
            finally:
                await call.stop_recording()
                for leg in call.legs:
                    await leg.hangup()

        return asyncio.create_task(handled(), name=f"handle {call.id}")

    def length_s(self, file: AudioFile) -> float:
        return self.lengths_s.get(file.path.stem, PROMPT_S)

    def new_name(self, kind: str) -> str:
        self._names[kind] += 1
        return f"{kind}-{self._names[kind]}"

    def next_script(self, name: str) -> Answers:
        if name in self.unregistered:
            return NOT_REGISTERED
        answers = self._scripts.get(name, [NEVER])
        return answers.pop(0) if len(answers) > 1 else answers[0]

    def act(self, leg: FakeLeg, script: Answers) -> None:
        """Let an answered party press and hang up as scripted."""

        async def presses(after_s: float, keys: str) -> None:
            await self.clock.sleep(after_s)
            leg.press(keys)

        async def hangs_up(after_s: float) -> None:
            await self.clock.sleep(after_s)
            leg.hang_up()

        for after_s, keys in script.presses:
            self._spawn(presses(after_s, keys))
        if script.hangs_up_after_s is not None:
            self._spawn(hangs_up(script.hangs_up_after_s))

    def _spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- telephony.ports.CallControl ------------------------------------------------------------------------------

    def on_inbound(self, handler: InboundHandler) -> None:
        self._inbound = handler

    def on_account_call(self, handler: InboundHandler) -> None:
        self._account_call = handler

    async def new_call(self, *, purpose: str) -> FakeCall:
        call = FakeCall(self, self.new_name("call"), None, purpose)
        self.calls.append(call)
        return call

    def registered(self, account: str) -> bool:
        return account not in self.unregistered

    def on_recording(self, handler: Callable[[Call, RecordingFile], Awaitable[None]]) -> None:
        self.recording_handlers.append(handler)
