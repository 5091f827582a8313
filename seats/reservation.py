"""A reservation (预占): one seat held for one caller, by lease, until it is answered, given up or runs out."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from seats.routing import Offer


class ReservationEnd(Enum):
    """How an offer ended; the value is stored and counted."""

    ANSWERED = "answered"
    REFUSED = "refused"
    MISSED = "missed"
    PHONE_LOST = "phone_lost"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


@dataclass(eq=False)
class Reservation:
    """One offer on the record.

    Attributes:
        id: ``entry/attempt``.
        until: the lease; a dead process's reservation frees its seat then, aware UTC.
        ended_at, outcome: when and how it ended; None while it holds.
        reason: why this seat was chosen.
    """

    id: str
    entry_id: str
    call_id: str
    account: str
    holder: str
    made_at: datetime
    until: datetime
    reason: str
    outcome: ReservationEnd | None = None
    ended_at: datetime | None = None

    @classmethod
    def of(cls, offer: Offer, *, holder: str, at: datetime, until: datetime) -> "Reservation":
        """The record of an offer made now."""
        return cls(offer.id, offer.entry_id, offer.call_id, offer.account, holder, at, until, offer.reason)

    def end(self, outcome: ReservationEnd, *, at: datetime) -> None:
        """Record the end; a second one changes nothing."""
        if self.outcome is None:
            self.outcome, self.ended_at = outcome, at
