"""The staff's side of a seat: sign in, break, free again, sign out, and calls that the staff make themselves."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from seats.errors import SeatUnknown
from seats.ports import SeatsUnitOfWork
from seats.rounds import Rounds
from seats.routing import Offer
from seats.rules import SeatRules
from seats.seat import BreakReason, Seat
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SeatConfig:
    """A seat as the settings describe it."""

    account: str
    staff_number: str
    staff_name: str = ""
    skills: frozenset[str] = frozenset()
    signed_in: bool = False


class Presence:
    """What staff do at their seats; ``SeatServices`` is one.

    Args:
        rounds: distribution, which is woken by every change.
    """

    def __init__(self, rounds: Rounds, clock: Clock, rules: SeatRules) -> None:
        self._rounds = rounds
        self._clock = clock
        self.rules = rules

    async def sign_in(self, account: str, *, by: str, staff_number: str = "", staff_name: str | None = None) -> Seat:
        """Begin work at a seat.

        Raises:
            SeatUnknown: no seat has this account.
        """

        def act(seat: Seat, now: datetime) -> None:
            seat.sign_in(at=now, staff_number=staff_number or None, staff_name=staff_name)

        return await self._staff_acts(account, by, "sign_in", "", act)

    async def sign_out(self, account: str, *, by: str, reason: str = "签出") -> Seat:
        """End work, at once or after the call under way.

        Raises:
            SeatUnknown: no seat has this account.
        """
        return await self._staff_acts(account, by, "sign_out", reason, lambda seat, now: seat.sign_out(reason, at=now))

    async def take_break(self, account: str, *, by: str, reason: str = BreakReason.REST.value) -> Seat:
        """Go on break, at once or after the call under way.

        Raises:
            SeatUnknown, SeatMoveRefused.
        """
        return await self._staff_acts(
            account, by, "take_break", reason, lambda seat, now: seat.take_break(reason, at=now)
        )

    async def become_free(self, account: str, *, by: str) -> Seat:
        """Come back from break, or end wrap-up early.

        Raises:
            SeatUnknown, SeatMoveRefused.
        """
        return await self._staff_acts(account, by, "become_free", "", lambda seat, now: seat.become_free(at=now))

    async def occupy(self, account: str, *, call_id: str, by: str) -> Offer:
        """Take a seat out of distribution for a call that its staff make, e.g. a callback by click-to-dial.

        Returns:
            What ``SeatServices.ended`` wants when the call is over; wrap-up follows as after any talk.
        Raises:
            SeatUnknown: no seat has this account.
            SeatMoveRefused: the seat rings or talks, or nobody is signed in.
        """
        now = self._clock.now()
        entry_id = new_id(self._clock)

        async def occupying(uow: SeatsUnitOfWork) -> Offer:
            seat = await uow.seats.get(account)
            taken_from = seat.state
            seat.reserve(entry_id, at=now, until=now + self.rules.talk_lease)
            seat.answer(at=now, until=now + self.rules.talk_lease)
            uow.seat_events.append(seat, "occupy", at=now, call_id=call_id, reason=by)
            await uow.commit()
            return Offer(entry_id, call_id, 1, account, seat.staff_number, seat.version, taken_from, "席位外呼")

        offer = await self._rounds.change(occupying)
        self._rounds.held.add(entry_id)
        return offer

    async def _staff_acts(
        self, account: str, by: str, action: str, reason: str, act: Callable[[Seat, datetime], None]
    ) -> Seat:
        now = self._clock.now()

        async def acting(uow: SeatsUnitOfWork) -> Seat:
            seat = await uow.seats.get(account)
            act(seat, now)
            uow.seat_events.append(seat, action, at=now, reason=reason)
            uow.audit.append(by, f"seat.{action}", f"seat {account}", reason, {"state": seat.state.value})
            await uow.commit()
            return seat

        seat = await self._rounds.change(acting)
        self._rounds.staff_moved = True
        log.info("seat moved", extra={"seat": account, "action": action, "state": seat.state.value})
        self._rounds.wake()
        return seat

    async def _ensure(self, seats: Sequence[SeatConfig]) -> None:
        if not seats:
            return
        now = self._clock.now()

        async def ensuring(uow: SeatsUnitOfWork) -> None:
            for config in seats:
                try:
                    seat = await uow.seats.get(config.account)
                    seat.staff_number = seat.staff_number or config.staff_number
                except SeatUnknown:
                    seat = Seat(config.account, config.staff_number, config.staff_name)
                    uow.seats.add(seat)
                seat.skills = config.skills
                if config.signed_in:
                    seat.sign_in(at=now)
            await uow.commit()

        await self._rounds.change(ensuring)
