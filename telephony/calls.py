"""Calls: where signalling and media meet, and the only door between them and the trade (design §4)."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from telephony.admission import Load, admit
from telephony.bridge import LineBridge
from telephony.call_record import CallJournal, RecordingBegan
from telephony.causes import Cause
from telephony.dial_plan import DialPlan, PlanAction, PlanRow
from telephony.dialling import TRY_NEXT_ROUTE, Dialling
from telephony.errors import MediaUnavailable, TrunkNotMatched
from telephony.inbound_leg import InboundLeg
from telephony.legs import LegFacts, LegMedia, LineLeg
from telephony.live_call import LiveCall, Progress
from telephony.media import RecordingEvent, RecordingFailed
from telephony.outbound_leg import OutboundLeg
from telephony.plan_calls import plan_handler
from telephony.ports import (
    Admission,
    CallFailed,
    Direction,
    InboundHandler,
    LegEnded,
    RecordingFile,
    Target,
)
from telephony.sip import Contact, IncomingInvite, SipEndpoint, SipError
from telephony.trunks import ArrivingCall, Trunk, TrunkKind, TrunkMatch, caller_number, match_inbound
from vocabulary.clock import Clock
from vocabulary.phone_number import PhoneKeyer

log = logging.getLogger(__name__)

STOP_WITHIN_S = 5.0
"""How long calls may take to say goodbye and be recorded when the server stops."""


@dataclass(frozen=True, slots=True)
class CallRules:
    """What calls are allowed.

    Attributes:
        capacity_calls: live calls at once; see admission.py.
        plan: what dialled numbers do.
        trunks: lines to the outside.
        area_code: of local numbers, without the trunk 0.
    """

    capacity_calls: int
    plan: DialPlan
    trunks: tuple[Trunk, ...]
    area_code: str = "532"


@dataclass(slots=True)
class CallCounters:
    """Since the start, for /metrics."""

    inbound: int = 0
    outbound: int = 0
    refused_overload: int = 0
    refused_number: int = 0
    narrow: int = 0
    handler_failures: int = 0


class Calls:
    """Implements ``ports.CallControl`` and ``sip.SipHandlers``.

    Args:
        rules: see CallRules.
        clock: stamps records.
        journal: where records go.
        keyer: hashes the callers' numbers for the records.
    """

    def __init__(self, rules: CallRules, *, clock: Clock, journal: CallJournal, keyer: PhoneKeyer) -> None:
        self.clock = clock
        self.counters = CallCounters()
        self._rules = rules
        self._journal = journal
        self._keyer = keyer
        self._live: dict[str, LiveCall] = {}
        self._recordings: dict[str, tuple[LiveCall, RecordingBegan]] = {}
        self._lines_in_use: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._stopping = False
        self._inbound: InboundHandler | None = None
        self._account: InboundHandler | None = None
        self._recorded: list[Callable[[Any, RecordingFile], Awaitable[None]]] = []
        self._left_behind: list[Callable[[RecordingFile], Awaitable[None]]] = []
        self._registration: list[Callable[[str, bool], None]] = []

    def connect(self, endpoint: SipEndpoint, media: LegMedia) -> None:
        """Join the two sides; before the endpoint is started."""
        self._endpoint = endpoint
        self._media = media
        self._dialling = Dialling(endpoint, self._rules.trunks)

    # ------------------------------------------------------------ CallControl

    def on_inbound(self, handler: InboundHandler) -> None:
        """See CallControl."""
        self._inbound = handler

    def on_account_call(self, handler: InboundHandler) -> None:
        """See CallControl."""
        self._account = handler

    def on_recording(self, handler: Callable[[Any, RecordingFile], Awaitable[None]]) -> None:
        """See CallControl."""
        self._recorded.append(handler)

    def on_recording_left_behind(self, handler: Callable[[RecordingFile], Awaitable[None]]) -> None:
        """Called for each file that a former run left and that was mended at the start; its call is in the journal."""
        self._left_behind.append(handler)

    def on_registration(self, handler: Callable[[str, bool], None]) -> None:
        """Called when an account's phones come or go: the account, and whether one is there."""
        self._registration.append(handler)

    async def new_call(self, *, purpose: str) -> LiveCall:
        """See CallControl."""
        return LiveCall(self, purpose=purpose)

    def registered(self, account: str) -> bool:
        """See CallControl."""
        return self._dialling.reachable(account)

    @property
    def live_calls(self) -> int:
        """Calls with a living leg."""
        return len(self._live)

    async def stop(self) -> None:
        """Take no more calls, end those that live, and return when their records are written, or after 5 s."""
        self._stopping = True
        for call in list(self._live.values()):
            call.hang_up_all(Cause.SHUT_DOWN)
        if self._tasks:
            _, late = await asyncio.wait(set(self._tasks), timeout=STOP_WITHIN_S)
            for task in late:
                log.warning("task cancelled at the stop", extra={"task": task.get_name()})
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # ------------------------------------------------------------- inbound

    def registration_changed(self, account: str, contacts: tuple[Contact, ...]) -> None:
        """See SipHandlers."""
        for handler in self._registration:
            handler(account, bool(contacts))

    def trunk_registration_changed(self, trunk: str, registered: bool, detail: str) -> None:
        """See SipHandlers."""
        level = logging.INFO if registered else logging.ERROR
        log.log(level, "trunk registration changed", extra={"trunk": trunk, "registered": registered, "detail": detail})

    def invited(self, invite: IncomingInvite) -> None:
        """See SipHandlers: one new call."""
        load = Load(len(self._live), self._rules.capacity_calls, self._stopping)
        decision = admit(load, from_trunk=invite.account is None)
        if decision.admission is None:
            self.counters.refused_overload += 1
            log.warning("call refused", extra={"reason": decision.reason, "trunk": invite.trunk})
            assert decision.cause
            after = decision.retry_after_s
            headers = () if after is None else (("Retry-After", str(after)),)
            invite.reject(decision.cause.sip_status, q850=decision.cause.q850, warning="capacity", headers=headers)
            return
        self.counters.inbound += 1
        self.counters.narrow += decision.admission is Admission.NARROW
        self._begin(invite, decision.admission)

    def _begin(self, invite: IncomingInvite, admission: Admission) -> None:
        try:
            match = self._match(invite)
        except TrunkNotMatched as refused:
            known = invite.trunk is not None  # the line is known, so it is the number that nobody serves on it
            self._refuse(invite, admission, Cause.NOT_FOUND if known else Cause.TRUNK_NOT_MATCHED, str(refused))
            return
        decision = self._rules.plan.decide(invite.dialled, from_trunk=match is not None)
        if decision.row is None:
            self.counters.refused_number += 1
            self._refuse(invite, admission, Cause.NOT_FOUND, decision.reason)
            return
        handler = self._handler(decision.row, match)
        if handler is None:
            self._refuse(invite, admission, Cause.SERVER_ERROR, "nothing answers this number yet")
            return
        call, leg = self._new_inbound(invite, admission, match)
        call.reason = match.reason if match else ""
        self._journal.opened(call.record_of(self._keyer.key))
        self.spawn(self._serve(call, leg, handler), name=f"call {call.id}")

    def _match(self, invite: IncomingInvite) -> TrunkMatch | None:
        """The line a call came by; None for a phone's own call."""
        arriving = ArrivingCall(
            invite.source.host, invite.source.port, invite.dialled, invite.account, known_as=invite.trunk
        )
        if invite.account is None:
            return match_inbound(arriving, self._rules.trunks)
        simulated = tuple(trunk for trunk in self._rules.trunks if trunk.kind is TrunkKind.SIM)
        if any(line.account == invite.account for trunk in simulated for line in trunk.lines):
            return match_inbound(arriving, simulated)
        return None

    def _new_inbound(
        self, invite: IncomingInvite, admission: Admission, match: TrunkMatch | None, *, dialled: str | None = None
    ) -> tuple[LiveCall, InboundLeg]:
        call = LiveCall(self, purpose="inbound" if match else "account", admission=admission)
        number = caller_number(invite.caller, area_code=self._rules.area_code) if match else None
        facts = LegFacts(
            call=call.id,
            direction=Direction.INBOUND,
            dialled=dialled or invite.dialled,
            number=number or (match.number if match else None),
            account=invite.account,
            trunk=match.trunk.name if match else None,
        )
        leg = InboundLeg(invite, facts, self._media, self.clock, self._leg_ended)
        self._add(call, leg)
        return call, leg

    def _handler(self, row: PlanRow, match: TrunkMatch | None) -> InboundHandler | None:
        match row.action:
            case PlanAction.HOTLINE:
                return self._inbound if match else self._account
            case PlanAction.PHONE_CODE:
                return self._account
            case _:
                return plan_handler(row)

    def _refuse(self, invite: IncomingInvite, admission: Admission, cause: Cause, reason: str) -> None:
        """Refuse at the door, with a record that says why; a user's number that was dialled stands masked in it."""
        dialled = str(caller_number(invite.dialled, area_code=self._rules.area_code) or invite.dialled)
        log.info("call refused", extra={"dialled": dialled, "reason": reason, "trunk": invite.trunk})
        call, leg = self._new_inbound(invite, admission, None, dialled=dialled)
        call.reason = reason
        leg.refuse(cause.sip_status, cause, warning=reason)

    async def _serve(self, call: LiveCall, leg: InboundLeg, handler: InboundHandler) -> None:
        """Run one inbound call; whatever happens, no leg is left over."""
        cause = Cause.NORMAL
        try:
            if await self._open(call, leg):
                await handler(call)
        except LegEnded:
            log.debug("the caller went", extra={"call": call.id})
        except CallFailed as failed:
            log.info("a party was not reached", extra={"call": call.id, "cause": failed.cause.name})
            cause = failed.cause
        except asyncio.CancelledError:
            cause = Cause.SHUT_DOWN
            raise
        except Exception:
            self.counters.handler_failures += 1
            log.exception("the handler of a call failed", extra={"call": call.id})
            cause = Cause.SERVER_ERROR
        finally:
            call.hang_up_all(cause)

    async def _open(self, call: LiveCall, leg: InboundLeg) -> bool:
        try:
            await leg.open()
        except SipError as refused:
            status = getattr(refused, "status", 488)
            cause = Cause.MALFORMED if status == 400 else Cause.NO_COMMON_CODEC
            call.reason = str(refused)
            leg.refuse(status, cause, warning=str(refused))
            return False
        except MediaUnavailable as refused:
            log.error("no media for a call", extra={"call": call.id, "reason": str(refused)})
            call.reason = str(refused)
            leg.refuse(503, Cause.MEDIA_LOST, warning="no media")
            return False
        return True

    # ------------------------------------------------------------- outbound

    async def ring_target(
        self, call: LiveCall, target: Target, *, caller_id: str, ring_s: float, progress: Progress | None
    ) -> OutboundLeg:
        """See CallOwner."""
        if self._stopping:
            raise CallFailed(Cause.SHUT_DOWN)
        self.counters.outbound += 1
        rounds = self._dialling.rounds(target, caller_id=caller_id, in_use=self._lines_in_use)
        for last, ways in ((way is rounds[-1], way) for way in rounds):
            facts = LegFacts(call.id, Direction.OUTBOUND, ways.dialled, ways.number, ways.account, ways.trunk)
            leg = OutboundLeg(self._endpoint, facts, self._media, self.clock, self._leg_ended, progress)
            first = not call.line_legs
            self._add(call, leg)
            if first:
                self._journal.opened(call.record_of(self._keyer.key))
            try:
                await leg.call_out(ways.attempts, ring_s=ring_s)
            except MediaUnavailable as refused:
                leg.finish(Cause.MEDIA_LOST)
                raise CallFailed(Cause.MEDIA_LOST) from refused
            except CallFailed as failed:
                if last or failed.cause not in TRY_NEXT_ROUTE:
                    raise
                log.warning("trunk failed; the next one is tried", extra={"trunk": ways.trunk, "call": call.id})
            else:
                return leg
        raise AssertionError("unreachable: the last round returned or raised")

    # ------------------------------------------------------------ CallOwner

    def bridge_legs(self, a: LineLeg, b: LineLeg) -> LineBridge:
        """See CallOwner."""
        return LineBridge(a, b, self._media.worker, self.clock)

    def join_early(self, caller: LineLeg, callee: LineLeg) -> None:
        """See CallOwner."""
        self._media.worker.bridge(caller.id, callee.id)

    def record_leg(self, call: LiveCall, began: RecordingBegan) -> None:
        """See CallOwner."""
        self._recordings[began.recording] = (call, began)
        self._journal.recording_began(began)
        self._media.worker.record(began.leg, began.recording)

    def stop_recording(self, recording: str) -> None:
        """See CallOwner."""
        self._media.worker.stop_recording(recording)

    def legs_ended(self, call: LiveCall) -> None:
        """See CallOwner."""
        if self._live.pop(call.id, None) is not None:
            self.spawn(self._close(call), name=f"record of call {call.id}")

    async def _close(self, call: LiveCall) -> None:
        await call.lines_closed()
        self._journal.closed(call.record_of(self._keyer.key))

    def _add(self, call: LiveCall, leg: LineLeg) -> None:
        call.add(leg)
        self._live[call.id] = call
        if leg.trunk:
            self._lines_in_use[leg.trunk] += 1

    def _leg_ended(self, leg: LineLeg) -> None:
        if leg.trunk:
            self._lines_in_use[leg.trunk] -= 1
        call = self._live.get(leg.facts.call)
        if call is not None:
            call.leg_ended(leg)

    # ----------------------------------------------------------- recordings

    def recording_ended(self, event: RecordingEvent) -> None:
        """The media worker has finished, mended or lost a recording."""
        if isinstance(event, RecordingFailed):
            log.error("recording failed", extra={"recording": event.recording, "reason": event.reason})
        call, began = self._recordings.pop(event.recording, (None, None))
        complete = not isinstance(event, RecordingFailed) and event.complete
        file = RecordingFile(
            recording=event.recording,
            path=event.path,
            duration_s=event.duration_s,
            complete=complete,
            call=call.id if call else "",
            started_at=began.started_at if began else None,
        )
        if call is not None:
            call.recorded(event.recording, file if file.path else None)
        if not file.path:
            return
        if call is None:
            for left in self._left_behind:
                self.spawn(left(file), name=f"recording {file.recording}")
            return
        for handler in self._recorded:
            self.spawn(handler(call, file), name=f"recording {file.recording}")

    def spawn(self, work: Coroutine[Any, Any, None] | Awaitable[None], *, name: str) -> None:
        """Run something that belongs to calls; an exception is logged with its name."""

        async def supervised() -> None:
            try:
                await work
            except Exception:
                log.exception("a task of the calls failed", extra={"task": name})

        task = asyncio.create_task(supervised(), name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
