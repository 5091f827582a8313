"""Distribution in rounds: one transaction chooses for everybody who waits and takes the seats (design §4).

Each process runs its own rounds over the whole queue and all seats, and commits only the offers of its own callers,
so the order holds between processes. Whoever loses a seat to another process is in the next round at once.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any, TypeVar

from seats.missed_calls import MissedCall, MissedKind, due_at
from seats.ports import SeatsUnitOfWork, UnitOfWorkFactory
from seats.queue import EntryState, LeaveReason, QueueEntry
from seats.reservation import Reservation, ReservationEnd
from seats.routing import Offer, choose_offers
from seats.rules import SeatRules
from seats.seat import SeatState
from vocabulary.clock import Clock
from vocabulary.errors import ConcurrentChange, NuanxianError
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)
Result = TypeVar("Result")

_ATTEMPTS = 8
"""Two processes that change the same seat: one of them wins each time, so a few attempts always do."""


class Rounds:
    """The process's share of distribution: wakes, chooses, takes, renews and sweeps.

    Args:
        uow_factory: one transaction each.
        holder: this process's name in rows, unique among all that run.
    """

    def __init__(self, uow_factory: UnitOfWorkFactory, clock: Clock, rules: SeatRules, holder: str) -> None:
        self._uow = uow_factory
        self._clock = clock
        self._rules = rules
        self.holder = holder
        self._woken = asyncio.Event()
        self._choosing = asyncio.Lock()
        self._waiting: dict[str, asyncio.Future[Offer]] = {}
        self._arrivals: dict[str, QueueEntry] = {}
        self.held: set[str] = set()
        """Entries of this process whose caller waits or talks: their leases are renewed."""
        self.staff_moved = False
        """Set by every act of staff: what was seen of the seats before is out of date."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._give_back: Callable[[Offer], Coroutine[Any, Any, None]] | None = None

    def start(self, give_back: Callable[[Offer], Coroutine[Any, Any, None]]) -> None:
        """Begin; ``give_back`` returns the seat of an offer whose caller is gone."""
        self._give_back = give_back
        self.spawn(self._keep_choosing(), "seat rounds")
        self.spawn(self._every(self._rules.renew_every_s, self.renew), "seat lease renewal")
        self.spawn(self._every(self._rules.sweep_every_s, self.sweep), "seat lease sweep")

    async def stop(self) -> None:
        """End every task; leases run out by themselves."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def wake(self) -> None:
        """Something changed that may let a waiting caller through."""
        self._woken.set()

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Own a background task until it ends."""
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:  # leases make good what it left undone
            log.error("a task of distribution failed", extra={"task": task.get_name()}, exc_info=error)

    async def offer_for(self, entry: QueueEntry) -> Offer:
        """Wait until a round gives this caller a seat. Cancelling keeps the place and offers nothing meanwhile."""
        future: asyncio.Future[Offer] = asyncio.get_running_loop().create_future()
        self._waiting[entry.id] = future
        if entry.id not in self.held:
            self.held.add(entry.id)
            self._arrivals[entry.id] = entry
        self.wake()
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled():  # the offer crossed with the cancellation
                self._return(future.result())
            raise
        finally:
            if self._waiting.get(entry.id) is future:
                del self._waiting[entry.id]

    async def forget(self, entry_id: str) -> QueueEntry | None:
        """The caller waits no more; the entry if no round wrote it yet."""
        self.held.discard(entry_id)
        if entry_id not in self._arrivals:
            return None
        async with self._choosing:  # a round may be writing it at this moment
            return self._arrivals.pop(entry_id, None)

    async def change(self, use_case: Callable[[SeatsUnitOfWork], Awaitable[Result]]) -> Result:
        """Run a use case, again when another process changed the same rows first."""
        for _ in range(_ATTEMPTS - 1):
            with contextlib.suppress(ConcurrentChange):
                return await self._uow.run(use_case)
        return await self._uow.run(use_case)

    async def choose(self) -> bool:
        """One round; whether a seat was lost to another process, so that another round is due at once."""
        async with self._choosing:
            won, lost = await self._one_round()
        for offer in won:
            self._deliver(offer)
        return lost

    async def _one_round(self) -> tuple[list[Offer], bool]:
        if not self._waiting:
            return [], False
        arrivals = dict(self._arrivals)
        now = self._clock.now()

        async def one_round(uow: SeatsUnitOfWork) -> tuple[list[Offer], bool]:
            queue = list(await uow.queue.waiting())
            for entry in arrivals.values():
                row = replace(entry, holder=self.holder, lease_until=now + self._rules.talk_lease)
                uow.queue.add(row)
                queue.append(row)
            rows = {entry.id: entry for entry in queue}
            for entry_id in self._waiting:
                if entry_id in rows and rows[entry_id].state is EntryState.PAUSED:
                    rows[entry_id].state = EntryState.WAITING
            offers = [
                offer for offer in choose_offers(queue, await uow.seats.all(), now) if offer.entry_id in self._waiting
            ]
            until = now + self._rules.offer_lease
            won_ids = await uow.seats.reserve(offers, at=now, until=until) if offers else set()
            won = [offer for offer in offers if offer.id in won_ids]
            for offer in won:
                rows[offer.entry_id].state = EntryState.OFFERED
                rows[offer.entry_id].offers = offer.attempt
                uow.reservations.add(Reservation.of(offer, holder=self.holder, at=now, until=until))
            await uow.commit()
            return won, len(won) < len(offers)

        won, lost = await self.change(one_round)
        for entry_id in arrivals:
            self._arrivals.pop(entry_id, None)
        return won, lost

    async def renew(self) -> None:
        """Prolong the leases of every caller of this process."""
        entry_ids = sorted(self.held)
        if not entry_ids:
            return
        until = self._clock.now() + self._rules.talk_lease

        async def renewal(uow: SeatsUnitOfWork) -> None:
            await uow.queue.renew(entry_ids, until=until)
            await uow.seats.renew(entry_ids, until=until)
            await uow.commit()

        await self.change(renewal)

    async def sweep(self) -> None:
        """End what ran out: wrap-ups, and the leases of processes that died."""
        now = self._clock.now()

        async def sweeping(uow: SeatsUnitOfWork) -> bool:
            seats = await uow.seats.due(now)
            entries = await uow.queue.lapsed(now)
            for seat in seats:
                was, entry_id = seat.state, seat.entry_id
                if seat.time_out(at=now, wrap_up=self._rules.wrap_up):
                    lapsed = was is not SeatState.WRAP_UP
                    uow.seat_events.append(seat, "lease_lapsed" if lapsed else "wrap_up_over", at=now)
                    await _close_reservation(uow, entry_id)
            for entry in entries:
                entry.leave(LeaveReason.SERVER_LOST, at=now)
                uow.missed_calls.add(self._lost(entry))
                log.error("a waiting caller was lost with its server", extra={"call": entry.call_id})
            if seats or entries:
                await uow.commit()
            return bool(seats)

        async def _close_reservation(uow: SeatsUnitOfWork, entry_id: str | None) -> None:
            entry = await uow.queue.get(entry_id) if entry_id else None
            if entry is None:
                return
            reservation = await uow.reservations.get(f"{entry.id}/{entry.offers}")
            if reservation is not None:
                reservation.end(ReservationEnd.LAPSED, at=now)
            if entry.state is EntryState.OFFERED:
                entry.state = EntryState.WAITING

        if await self.change(sweeping):
            self.wake()

    def _lost(self, entry: QueueEntry) -> MissedCall:
        now = self._clock.now()
        return MissedCall(
            id=new_id(self._clock),
            call_id=entry.call_id,
            kind=MissedKind.SERVER_LOST,
            number=entry.number,
            at=now,
            waited_s=entry.waited_s(at=now),
            due_at=due_at(MissedKind.SERVER_LOST, now),
        )

    def _deliver(self, offer: Offer) -> None:
        future = self._waiting.get(offer.entry_id)
        if future is None or future.done():  # the caller left while the round was committed
            self._return(offer)
        else:
            log.info("seat offered", extra={"call": offer.call_id, "seat": offer.account, "reason": offer.reason})
            future.set_result(offer)
            del self._waiting[offer.entry_id]

    def _return(self, offer: Offer) -> None:
        if self._give_back is not None:
            self.spawn(self._give_back(offer), f"give back {offer.account}")

    async def _keep_choosing(self) -> None:
        while True:
            await self._woken_or_polled()
            self._woken.clear()
            try:
                if await self.choose():
                    self.wake()
            except NuanxianError:
                log.exception("a round of distribution failed")
                await self._clock.sleep(self._rules.poll_s)
                self.wake()

    async def _woken_or_polled(self) -> None:
        if not self._waiting:
            await self._woken.wait()
            return
        woken = asyncio.ensure_future(self._woken.wait())
        polled = asyncio.ensure_future(self._clock.sleep(self._rules.poll_s))
        try:
            await asyncio.wait({woken, polled}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            polled.cancel()

    async def _every(self, interval_s: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await self._clock.sleep(interval_s)
            try:
                await work()
            except NuanxianError:
                log.exception("leases could not be looked after")
