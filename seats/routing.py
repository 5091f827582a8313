"""Who gets the next call: a pure choice over the whole queue and all seats, with its reason (design §4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from seats.queue import EntryState, Lane, QueueEntry, in_order
from seats.seat import Seat, SeatState
from seats.skills import may_take


@dataclass(frozen=True, slots=True)
class Offer:
    """One seat for one caller.

    Attributes:
        entry_id, call_id: who is offered.
        attempt: 1 for the first offer of this entry; with entry_id it identifies the reservation.
        account: the seat's SIP account, to be rung.
        staff_number: 工号, said to the caller.
        seat_version: the seat as the choice saw it; the reservation holds only if it is still so.
        taken_from: what the seat did: FREE, or WRAP_UP or BREAK for the leak lane.
        reason: for the log and for people, in Chinese.
    """

    entry_id: str
    call_id: str
    attempt: int
    account: str
    staff_number: str
    seat_version: int
    taken_from: SeatState
    reason: str

    @property
    def id(self) -> str:
        """Identifies the reservation."""
        return f"{self.entry_id}/{self.attempt}"


LEAK_ORDER = (SeatState.FREE, SeatState.WRAP_UP, SeatState.BREAK)
"""Where the leak lane looks, in this order (domain spec §10.1). It never takes a seat that talks or rings."""


def choose_offers(queue: Sequence[QueueEntry], seats: Sequence[Seat], now: datetime) -> list[Offer]:
    """Give each waiting caller, in order, the seat that has been free longest; one seat serves one caller.

    Args:
        queue: every caller who waits, of all processes; only WAITING ones are offered.
        seats: every seat.
        now: aware UTC.
    Returns:
        In the order of the queue. A caller for whom no seat is left has no offer.
    """
    left = [seat for seat in seats if seat.state in LEAK_ORDER]
    offers = []
    for entry in in_order(queue):
        if entry.state is not EntryState.WAITING:
            continue
        seat = _best(entry, left, now)
        if seat is None:
            continue
        left.remove(seat)
        offers.append(
            Offer(
                entry_id=entry.id,
                call_id=entry.call_id,
                attempt=entry.offers + 1,
                account=seat.account,
                staff_number=seat.staff_number,
                seat_version=seat.version,
                taken_from=seat.state,
                reason=_reason(entry, seat, now),
            )
        )
    return offers


def _best(entry: QueueEntry, seats: Sequence[Seat], now: datetime) -> Seat | None:
    states = LEAK_ORDER if entry.lane is Lane.LEAK else (SeatState.FREE,)
    able = [
        seat
        for seat in seats
        if seat.state in states and may_take(seat.skills, entry.skill) and not entry.rests(seat.account, at=now)
    ]
    return min(able, key=lambda seat: (states.index(seat.state), _began(seat, now), seat.account), default=None)


def _began(seat: Seat, now: datetime) -> datetime:
    began = seat.free_since if seat.state is SeatState.FREE else seat.since
    return began or now


def _reason(entry: QueueEntry, seat: Seat, now: datetime) -> str:
    idle_s = max(0, int((now - _began(seat, now)).total_seconds()))
    match seat.state:
        case SeatState.FREE if entry.lane is Lane.LEAK:
            return f"燃气泄漏优先,空闲最久({idle_s}秒)"
        case SeatState.FREE:
            return f"空闲最久({idle_s}秒)"
        case _:
            return f"燃气泄漏优先,占用{seat.state.sentence}席"
