"""From a place in the queue to a seat that has picked up: wait, ring, and again if the seat does not take it."""

import asyncio
import contextlib
import logging
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ivr.ports import Seats
from seats.errors import OfferLapsed
from seats.queue import QueueEntry
from seats.routing import Offer
from telephony.causes import Cause
from telephony.ports import Call, CallFailed, Leg, SeatTarget
from vocabulary.errors import NuanxianError

log = logging.getLogger(__name__)

_NOBODY_THERE = frozenset({Cause.NO_ANSWER, Cause.TIMED_OUT})
_NO_PHONE = frozenset({Cause.NOT_REGISTERED, Cause.NOT_FOUND, Cause.GONE})


@dataclass(frozen=True, slots=True)
class SeatAnswered:
    """A seat that picked up; ``Seats.ended(offer)`` is due when the talk is over."""

    offer: Offer
    leg: Leg


class SeatSearch:
    """Runs in its own task while the block is open; a find that nobody takes is given back on leaving.

    ``async with SeatSearch(...) as search: await asyncio.wait({search.task, …}); found = search.take()``

    Args:
        seats: where to wait.
        call, entry: who waits.
        caller_id: shown to the seat.
        ring_s: how long one seat rings.
    """

    def __init__(self, seats: Seats, call: Call, entry: QueueEntry, *, caller_id: str, ring_s: float) -> None:
        self._seats = seats
        self._call = call
        self._entry = entry
        self._caller_id = caller_id
        self._ring_s = ring_s
        self._taken = False
        self.task: asyncio.Task[SeatAnswered]

    async def __aenter__(self) -> Self:
        self.task = asyncio.create_task(self._search(), name=f"seat for {self._call.id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._taken:
            return
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)
        if not self.task.cancelled() and self.task.exception() is None:
            found = self.task.result()
            await found.leg.hangup(Cause.NORMAL)
            await self._seats.ended(found.offer)

    def take(self) -> SeatAnswered:
        """The seat found; from now on its end is the taker's business."""
        self._taken = True
        return self.task.result()

    async def _search(self) -> SeatAnswered:
        while True:
            offer = await self._seats.wait(self._entry)
            leg = await self._ring(offer)
            if leg is None:
                continue
            try:
                await self._seats.answered(offer)
            except OfferLapsed:
                log.warning("a seat answered after its lease", extra={"call": self._call.id, "seat": offer.account})
                await leg.hangup(Cause.NORMAL)
                continue
            except asyncio.CancelledError:
                await leg.hangup(Cause.NORMAL)
                await self._seats.withdrawn(offer)
                await self._seats.ended(offer)
                raise
            except NuanxianError:  # the store is away: the two who are on the line come first
                log.exception("an answer could not be recorded", extra={"call": self._call.id, "seat": offer.account})
            return SeatAnswered(offer, leg)

    async def _ring(self, offer: Offer) -> Leg | None:
        try:
            return await self._call.originate(SeatTarget(offer.account), caller_id=self._caller_id, ring_s=self._ring_s)
        except CallFailed as failed:
            log.info(
                "seat did not take the call",
                extra={"call": self._call.id, "seat": offer.account, "cause": failed.cause.name},
            )
            await self._tell_why(offer, failed.cause)
            return None
        except asyncio.CancelledError:
            for leg in self._call.legs:  # the answer may have crossed with the cancellation
                if leg.account == offer.account:
                    await leg.hangup(Cause.CANCELLED)
            with contextlib.suppress(asyncio.CancelledError):  # a second cancellation must not keep the seat ringing
                await asyncio.shield(self._seats.withdrawn(offer))
            raise

    async def _tell_why(self, offer: Offer, cause: Cause) -> None:
        try:
            if cause in _NOBODY_THERE:
                await self._seats.no_answer(offer)
            elif cause in _NO_PHONE:
                await self._seats.unreachable(offer)
            else:
                await self._seats.refused(offer)
        except NuanxianError:  # the seat's lease frees it
            log.exception("an offer's end could not be recorded", extra={"call": self._call.id, "seat": offer.account})
