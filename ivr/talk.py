"""The talk itself: who is who, bridge, case, and the rating when the seat leaves first (design §4, §6.3)."""

import asyncio
import logging
from enum import Enum

from ivr.keys import say_both
from ivr.ports import CallKind, Prompts, Seats
from ivr.rating import RatingByKey
from ivr.seat_search import SeatAnswered
from ivr.visit import CaseOpening, Visit, insist
from telephony.causes import Cause
from telephony.ports import BridgeEnd, LegEnded
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

_LINE_FAILURES = frozenset(
    {Cause.RTP_TIMED_OUT, Cause.ACK_MISSING, Cause.MEDIA_LOST, Cause.TIMED_OUT, Cause.SERVER_ERROR, Cause.TRUNK_FAILED}
)
"""Ends of a seat's leg that nobody wanted: the caller goes back to the head of the queue."""


class TalkEnd(Enum):
    """What follows for the caller."""

    OVER = "over"
    LINE_FAILED = "line_failed"


class Talk:
    """Runs one talk between a caller and a seat that picked up.

    Args:
        cases: makes the case as soon as the seat has answered.
        rating: asks afterwards; None does not.
        announce_staff: 工号播报 to the caller before the bridge.
    """

    def __init__(
        self,
        seats: Seats,
        prompts: Prompts,
        cases: CaseOpening,
        clock: Clock,
        *,
        rating: RatingByKey | None,
        announce_staff: bool,
    ) -> None:
        self._seats = seats
        self._prompts = prompts
        self._cases = cases
        self._clock = clock
        self._rating = rating
        self._announce_staff = announce_staff

    async def run(self, visit: Visit, found: SeatAnswered) -> TalkEnd:
        """The whole talk; LINE_FAILED when the caller is still there and needs another seat.

        Raises:
            LegEnded: the caller hung up while being asked to rate.
        """
        case = asyncio.create_task(self._open_case(visit, found), name=f"case of {visit.call.id}")
        try:
            end = await self._bridged(visit, found)
        finally:
            await case
        if visit.leg.cause is not None:
            return TalkEnd.OVER
        if end is None or end.cause in _LINE_FAILURES:
            log.warning("the seat's line failed", extra={"call": visit.call.id, "seat": found.offer.account})
            return TalkEnd.LINE_FAILED
        if end.ended_leg is None:  # parted on purpose: somebody else serves the caller now
            await visit.leg.ended()
        elif self._rating is not None:
            await self._rating.ask(
                visit.leg,
                call_id=visit.call.id,
                staff_number=found.offer.staff_number,
                case_number=visit.case_number,
            )
        return TalkEnd.OVER

    async def _bridged(self, visit: Visit, found: SeatAnswered) -> BridgeEnd | None:
        """From the announcement to the end; None if one hung up before the bridge."""
        offer = found.offer
        try:
            try:
                if self._announce_staff:
                    await self._announce(visit, found)
                bridge = await visit.call.bridge(visit.leg, found.leg)
            except LegEnded:
                return None
            log.info("bridged", extra={"call": visit.call.id, "seat": offer.account, "reason": offer.reason})
            return await bridge.ended()
        finally:
            if visit.leg.cause is not None or found.leg.cause is not None:
                await found.leg.hangup()
            await insist(lambda: self._seats.ended(offer), self._clock, what="seat ended", call_id=visit.call.id)

    async def _announce(self, visit: Visit, found: SeatAnswered) -> None:
        number = found.offer.staff_number
        staff = self._prompts.pieces(number) if number.isdigit() else []
        who = [self._prompts.file("piece.agent"), *staff, self._prompts.file("piece.serves_you")]
        await say_both(visit.leg, who, found.leg, [self._prompts.file("seat.incoming")])

    async def _open_case(self, visit: Visit, found: SeatAnswered) -> None:
        """The talk's case, its demand still to be written; who left a message while waiting has one already."""
        if visit.case_number is None:
            visit.case_number = await self._cases.open(
                visit.call.id,
                CallKind.TALK,
                caller=visit.leg.number,
                demand="",
                recording=visit.recording,
                by=found.offer.account,
            )
