"""Seats at work: wait for one, say what became of the offer, sign in, take a break, sign out.

The call path awaits one thing, the reservation. Every method is one transaction; all truth is in rows with leases, so
a process that dies frees its seats and callers by itself.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from seats.errors import OfferLapsed
from seats.ports import SeatsUnitOfWork, UnitOfWorkFactory
from seats.presence import Presence, SeatConfig
from seats.queue import EntryState, Lane, LeaveReason, QueueEntry, position
from seats.reservation import ReservationEnd
from seats.rounds import Rounds
from seats.routing import Offer
from seats.rules import SeatRules
from seats.seat import Seat, SeatState
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

__all__ = ["Outlook", "SeatConfig", "SeatServices"]
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a caller who joins now would find.

    Attributes:
        signed_in: seats whose staff work now, on break ones too.
        serving: of these, the ones that will take a further call by themselves (not on break).
        free: seats free at this moment.
        waiting: callers who wait.
        over_limit: more wait than the setting allows.
    """

    signed_in: int
    serving: int
    free: int
    waiting: int
    over_limit: bool


class SeatServices(Presence):
    """The front door of the seats room.

    Args:
        uow_factory: ``store.unit_of_work.UnitOfWorkFactory``.
        clock: handed in.
        rules: numbers of distribution.
        holder: this process's name in rows, unique among all that run now; made up when None.
    """

    def __init__(
        self,
        uow_factory: UnitOfWorkFactory,
        clock: Clock,
        rules: SeatRules | None = None,
        *,
        holder: str | None = None,
    ) -> None:
        rules = rules or SeatRules()
        super().__init__(Rounds(uow_factory, clock, rules, holder or new_id(clock)), clock, rules)
        self._seen: tuple[float, Outlook] | None = None

    async def start(self, seats: Sequence[SeatConfig] = ()) -> None:
        """Make the configured seats if they are new, and begin distribution."""
        await self._ensure(seats)
        self._rounds.start(self.withdrawn)
        await self._rounds.sweep()

    async def stop(self) -> None:
        """End distribution; waits under way end with the calls that await them."""
        await self._rounds.stop()

    def wake(self) -> None:
        """Look for seats now: another process changed something (event outbox)."""
        self._rounds.wake()

    # -- the caller's side --------------------------------------------------------------------------------------

    def entry(
        self, call_id: str, *, number: PhoneNumber | None = None, lane: Lane = Lane.NORMAL, skill: str | None = None
    ) -> QueueEntry:
        """A place in the queue as of now; it stands in the queue from the first wait()."""
        return QueueEntry(new_id(self._clock), call_id, lane, self._clock.now(), skill=skill, number=number)

    async def wait(self, entry: QueueEntry) -> Offer:
        """Return when a seat is reserved for this caller: ring it and say what became of it.

        Call it again after refused(), no_answer() or unreachable(): the place is kept. Cancelling it keeps the place
        too; end with leave(). An offer that crosses with the cancellation is given back.
        """
        return await self._rounds.offer_for(entry)

    async def pause(self, entry: QueueEntry) -> None:
        """Keep the place without being offered a seat, until the next wait()."""

        async def pausing(uow: SeatsUnitOfWork) -> None:
            row = await uow.queue.get(entry.id)
            if row is not None and row.state is EntryState.WAITING:
                row.state = EntryState.PAUSED
                await uow.commit()

        await self._rounds.change(pausing)

    async def leave(self, entry: QueueEntry, reason: LeaveReason) -> None:
        """The caller waits no more. Repeating it changes nothing; the entry given is updated too."""
        unwritten = await self._rounds.forget(entry.id)
        now = self._clock.now()

        async def leaving(uow: SeatsUnitOfWork) -> None:
            row = await uow.queue.get(entry.id)
            if row is None:
                if unwritten is None:
                    return
                row = QueueEntry(
                    entry.id, entry.call_id, entry.lane, entry.entered_at, skill=entry.skill, number=entry.number
                )
                row.holder = self._rounds.holder
                uow.queue.add(row)
            row.leave(reason, at=now)
            await uow.commit()

        await self._rounds.change(leaving)
        entry.leave(reason, at=now)

    async def position(self, entry: QueueEntry) -> int | None:
        """1 for who is next; None if the entry does not wait."""

        async def reading(uow: SeatsUnitOfWork) -> int | None:
            return position(await uow.queue.waiting(), entry.id)

        return await self._rounds.change(reading)

    async def outlook(self) -> Outlook:
        """What a caller who joins now would find, at most ``poll_s`` old: many callers may ask at once."""
        now_s = self._clock.monotonic_s()
        if self._seen is not None and now_s - self._seen[0] < self.rules.poll_s and not self._rounds.staff_moved:
            return self._seen[1]
        self._rounds.staff_moved = False

        async def reading(uow: SeatsUnitOfWork) -> Outlook:
            states = [seat.state for seat in await uow.seats.all()]
            waiting = len(await uow.queue.waiting())
            signed_in = [state for state in states if state is not SeatState.OFFLINE]
            return Outlook(
                signed_in=len(signed_in),
                serving=sum(state is not SeatState.BREAK for state in signed_in),
                free=states.count(SeatState.FREE),
                waiting=waiting,
                over_limit=waiting >= self.rules.max_waiting,
            )

        outlook = await self._rounds.change(reading)
        self._seen = (now_s, outlook)
        return outlook

    # -- what became of an offer ----------------------------------------------------------------------------------

    async def answered(self, offer: Offer) -> None:
        """The seat's phone was answered; the caller waits no more.

        Raises:
            OfferLapsed: the lease ran out meanwhile and the seat may serve somebody else: hang up the seat's leg.
        """
        now = self._clock.now()

        async def answering(uow: SeatsUnitOfWork) -> None:
            seat = await self._seat_of(uow, offer)
            seat.answer(at=now, until=now + self.rules.talk_lease)
            uow.seat_events.append(seat, "answer", at=now, call_id=offer.call_id)
            await self._close(uow, offer, ReservationEnd.ANSWERED, now)
            entry = await uow.queue.get(offer.entry_id)
            if entry is not None:
                entry.leave(LeaveReason.ANSWERED, at=now)
            await uow.commit()

        await self._rounds.change(answering)

    async def refused(self, offer: Offer) -> None:
        """The staff refused or the phone was busy: the seat is last in turn, the caller keeps the place."""
        await self._give_up(offer, ReservationEnd.REFUSED)

    async def no_answer(self, offer: Offer) -> None:
        """It rang to the end: the seat goes on break with the reason, the caller keeps the place."""
        await self._give_up(offer, ReservationEnd.MISSED)

    async def unreachable(self, offer: Offer) -> None:
        """The account has no registered phone: the seat is signed out, the caller keeps the place."""
        await self._give_up(offer, ReservationEnd.PHONE_LOST)

    async def withdrawn(self, offer: Offer) -> None:
        """The caller left, or went another way, while the seat rang: the seat keeps its turn."""
        await self._give_up(offer, ReservationEnd.WITHDRAWN)

    async def ended(self, offer: Offer) -> None:
        """The talk is over: wrap-up begins, and ends by itself."""
        await self._rounds.forget(offer.entry_id)
        now = self._clock.now()

        async def ending(uow: SeatsUnitOfWork) -> bool:
            seat = await uow.seats.get(offer.account)
            if seat.entry_id != offer.entry_id or seat.state is not SeatState.TALKING:
                return False  # freed by its lease before
            seat.end(at=now, wrap_up=self.rules.wrap_up)
            uow.seat_events.append(seat, "end", at=now, call_id=offer.call_id)
            await uow.commit()
            return seat.until is not None  # in wrap-up, not already on break or signed out

        if await self._rounds.change(ending):
            self._rounds.spawn(self._end_wrap_up(), f"wrap-up {offer.account}")
        self._rounds.wake()

    # -- insides --------------------------------------------------------------------------------------------------

    async def _give_up(self, offer: Offer, outcome: ReservationEnd) -> None:
        now = self._clock.now()

        async def giving_up(uow: SeatsUnitOfWork) -> None:
            entry = await uow.queue.get(offer.entry_id)
            if entry is not None and entry.state is EntryState.OFFERED:
                entry.state = EntryState.PAUSED if outcome is ReservationEnd.WITHDRAWN else EntryState.WAITING
                if outcome is not ReservationEnd.WITHDRAWN:
                    entry.rest(offer.account, until=now + self.rules.refusal_rest)
            await self._close(uow, offer, outcome, now)
            seat = await uow.seats.get(offer.account)
            if seat.entry_id == offer.entry_id and seat.state is SeatState.RINGING:
                self._release(seat, outcome, now)
                uow.seat_events.append(seat, outcome.value, at=now, call_id=offer.call_id, reason=seat.reason)
            await uow.commit()

        await self._rounds.change(giving_up)
        log.info("offer given up", extra={"call": offer.call_id, "seat": offer.account, "outcome": outcome.value})
        self._rounds.wake()

    def _release(self, seat: Seat, outcome: ReservationEnd, now: datetime) -> None:
        match outcome:
            case ReservationEnd.REFUSED:
                seat.refuse(at=now)
            case ReservationEnd.MISSED:
                seat.miss(at=now, break_after_missed=self.rules.break_after_missed)
            case ReservationEnd.PHONE_LOST:
                seat.lose_phone(at=now)
            case _:
                seat.withdraw(at=now, wrap_up=self.rules.wrap_up)

    async def _seat_of(self, uow: SeatsUnitOfWork, offer: Offer) -> Seat:
        seat = await uow.seats.get(offer.account)
        if seat.entry_id != offer.entry_id or seat.state is not SeatState.RINGING:
            raise OfferLapsed(f"seat {offer.account} is {seat.state.value}")
        return seat

    async def _close(self, uow: SeatsUnitOfWork, offer: Offer, outcome: ReservationEnd, now: datetime) -> None:
        reservation = await uow.reservations.get(offer.id)
        if reservation is not None:
            reservation.end(outcome, at=now)

    async def _end_wrap_up(self) -> None:
        await self._clock.sleep(self.rules.wrap_up_s)
        await self._rounds.sweep()
