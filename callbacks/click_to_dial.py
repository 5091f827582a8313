"""Click-to-dial: the agent's own phone first, then the user through the trunk, bridged and recorded (§3.2, §3.8)."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from callbacks.callback import Callback
from callbacks.contact_lock import RENEW_EVERY_S
from callbacks.errors import CallbackTaken, OutsideWindow, SeatOccupied
from callbacks.human_queue import HumanQueue
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWorkFactory, CaseDoor
from callbacks.voice_callback import PiecedPrompts
from callbacks.windows import Channel
from cases.master_data import Role
from seats.errors import SeatMoveRefused, SeatUnknown
from seats.routing import Offer
from seats.seat import SeatState
from telephony.causes import Cause
from telephony.ports import Call, CallControl, CallFailed, Leg, LegEnded, NumberTarget, SeatTarget
from vocabulary.clock import Clock
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)


class Seats(Protocol):
    """Takes a seat out of distribution while its staff call; ``seats.services.SeatServices`` serves it."""

    async def occupy(self, account: str, *, call_id: str, by: str) -> Offer:
        """The seat talks from now on.

        Raises:
            SeatUnknown: the account is no seat.
            SeatMoveRefused: nobody is signed in, or the seat is on a call.
        """
        ...

    async def take_break(self, account: str, *, by: str) -> object:
        """On break; of a talking seat: once the call is over."""
        ...

    async def ended(self, offer: Offer) -> None:
        """The call is over; wrap-up begins."""
        ...


@dataclass(frozen=True, slots=True)
class Dialled:
    """How a click-to-dial call went; the person writes down the result under ``call_id``.

    Attributes:
        reached: the user answered.
        cause: why it was not answered, or why the talk ended.
        talked_s: seconds of talk.
    """

    call_id: str
    reached: bool
    cause: Cause
    talked_s: float = 0.0


class ClickToDial:
    """See the module.

    Args:
        control: telephony.
        queue: the claim that entitles to call, renewed while the call lasts.
        uow_factory: reads the callback.
        cases: gives a reporter's number to a person, audited; others' numbers stand with the callback.
        planner: windows.
        prompts: what both hear before they are bridged.
        clock: for renewing.
        seats: whose distribution is told that the agent is on a call.
        caller_id: shown to the user; ``seat_ring_s``, ``user_ring_s`` how long each rings.
    """

    def __init__(
        self,
        *,
        control: CallControl,
        queue: HumanQueue,
        uow_factory: CallbacksUnitOfWorkFactory,
        cases: CaseDoor,
        planner: Planner,
        prompts: PiecedPrompts,
        clock: Clock,
        seats: Seats,
        caller_id: str = "96556",
        seat_ring_s: float = 20.0,
        user_ring_s: float = 30.0,
    ) -> None:
        self._control = control
        self._queue = queue
        self._uow_factory = uow_factory
        self._cases = cases
        self._planner = planner
        self._prompts = prompts
        self._clock = clock
        self._seats = seats
        self._caller_id = caller_id
        self._seat_ring_s = seat_ring_s
        self._user_ring_s = user_ring_s

    async def dial(self, callback_id: str, staff: str, account: str) -> Dialled:
        """Call about a claimed task; returns when the talk is over.

        Args:
            callback_id: a task that ``staff`` has claimed.
            account: SIP account of the agent's phone.
        Raises:
            CallbackTaken: it is not, or no longer, this person's.
            OutsideWindow: calls may not begin now (§3.2).
            SeatOccupied: the agent's seat rings or talks.
            CallFailed: the agent's own phone did not answer.
        """
        number = await self._entitled(callback_id, staff)
        call = await self._control.new_call(purpose="click_to_dial")
        agent: Leg | None = None
        async with self._occupying(account, call.id, staff), self._renewing(callback_id, staff):
            try:
                agent = await call.originate(SeatTarget(account), caller_id=self._caller_id, ring_s=self._seat_ring_s)
                return await self._reach_user(call, agent, number)
            finally:
                for leg in call.legs:
                    await leg.hangup()

    async def _entitled(self, callback_id: str, staff: str) -> PhoneNumber:
        now = self._clock.now()
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
        callback.check_lease(staff)
        if not self._planner.calendar.is_open(Channel.HUMAN, now, callback.window_exception):
            raise OutsideWindow(self._planner.calendar.next_opening(Channel.HUMAN, now))
        return await self._number(callback, staff)

    async def _number(self, callback: Callback, staff: str) -> PhoneNumber:
        if callback.phone is not None:
            return callback.phone
        number = await self._cases.callback_phone(
            callback.case_number, by=staff, role=Role.CALLBACK, reason="人工回访拨号"
        )
        if number is None:
            raise CallbackTaken("该件没有可拨的号码")
        return number

    async def _reach_user(self, call: Call, agent: Leg, number: PhoneNumber) -> Dialled:
        """Ring the user while the agent listens; either party leaving ends it."""
        hint = asyncio.create_task(agent.play(self._prompts.file("callback.seat_calling")), name="hint to seat")
        ringing = asyncio.create_task(
            call.originate(NumberTarget(number), caller_id=self._caller_id, ring_s=self._user_ring_s),
            name="ring the user",
        )
        left = asyncio.create_task(agent.ended(), name="agent left")
        try:
            await asyncio.wait({ringing, left}, return_when=asyncio.FIRST_COMPLETED)
            if not ringing.done():
                return Dialled(call.id, reached=False, cause=Cause.CANCELLED)
            user = ringing.result()
            await agent.stop_playing()
        except CallFailed as failed:
            return Dialled(call.id, reached=False, cause=failed.cause)
        except LegEnded as ended:
            return Dialled(call.id, reached=True, cause=ended.cause)
        finally:
            for task in (hint, ringing, left):
                task.cancel()
            await asyncio.gather(hint, ringing, left, return_exceptions=True)
        return await self._talk(call, agent, user)

    async def _talk(self, call: Call, agent: Leg, user: Leg) -> Dialled:
        """Tell the user of the recording, then bridge until one leaves."""
        try:
            await call.record(user)
            await user.play(self._prompts.file("callback.person_calling"))
            bridge = await call.bridge(user, agent)
            end = await bridge.ended()
        except LegEnded as ended:
            return Dialled(call.id, reached=True, cause=ended.cause)
        finally:
            await call.stop_recording()
        return Dialled(call.id, reached=True, cause=end.cause or Cause.NORMAL, talked_s=end.talked_s)

    @contextlib.asynccontextmanager
    async def _occupying(self, account: str, call_id: str, staff: str) -> AsyncIterator[None]:
        """No caller is offered to a seat whose staff are on this call; accounts that are no seat at work just call."""
        try:
            offer = await self._seats.occupy(account, call_id=call_id, by=staff)
        except SeatUnknown:
            yield
            return
        except SeatMoveRefused as refused:
            if refused.state != SeatState.OFFLINE.value:
                raise SeatOccupied(refused.sentence) from refused
            yield
            return
        try:
            if offer.taken_from is SeatState.BREAK:
                await self._seats.take_break(account, by=staff)  # who called from a break goes on with it
            yield
        finally:
            await self._seats.ended(offer)

    @contextlib.asynccontextmanager
    async def _renewing(self, callback_id: str, staff: str) -> AsyncIterator[None]:
        async def renew() -> None:
            while True:
                await self._clock.sleep(RENEW_EVERY_S)
                await self._queue.renew(callback_id, staff)

        renewing = asyncio.create_task(renew(), name=f"renew {callback_id}")
        try:
            yield
        finally:
            renewing.cancel()
            for outcome in await asyncio.gather(renewing, return_exceptions=True):
                if isinstance(outcome, CallbackTaken):
                    log.error("the claim of a running call was lost", extra={"callback": callback_id})
