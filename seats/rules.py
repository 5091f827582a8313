"""Rules of distribution: how long phones ring, wrap-up lasts and leases hold. Every number with its source."""

from dataclasses import dataclass
from datetime import timedelta


@dataclass(frozen=True, slots=True)
class SeatRules:
    """Numbers of distribution; seconds unless the name says otherwise.

    Attributes:
        ring_s: how long an offered seat rings (settings ``seats.ring_s``; 15 s 应答, domain spec §7).
        wrap_up_s: 话后整理 after a call (settings ``seats.wrap_up_s``); 0 for none.
        break_after_missed: whether a seat that let an offer ring out goes on break (settings; the next caller would
            ring at the same empty chair).
        refusal_rest_s: a seat that refused or missed a caller is not offered the same caller for so long.
        max_waiting: over so many callers the bot answers at once (settings ``seats.max_waiting``, design §6.3).
        offer_lease_margin_s: what a reservation lasts beyond ring_s; a dead process frees its seats after it.
        talk_lease_s: lease of a talking seat and of a waiting caller, renewed each ``renew_every_s``.
        renew_every_s: a third of the lease, so that two renewals may fail.
        poll_s: how often waiting callers look for seats freed by another process.
        sweep_every_s: how often expired leases are looked for.
    """

    ring_s: float = 15.0
    wrap_up_s: float = 20.0
    break_after_missed: bool = True
    refusal_rest_s: float = 30.0
    max_waiting: int = 50
    offer_lease_margin_s: float = 15.0
    talk_lease_s: float = 60.0
    renew_every_s: float = 20.0
    poll_s: float = 1.0
    sweep_every_s: float = 5.0

    @property
    def wrap_up(self) -> timedelta:
        """Wrap-up as a span."""
        return timedelta(seconds=self.wrap_up_s)

    @property
    def offer_lease(self) -> timedelta:
        """How long a reservation holds unless it is answered."""
        return timedelta(seconds=self.ring_s + self.offer_lease_margin_s)

    @property
    def talk_lease(self) -> timedelta:
        """How long a talking seat or a waiting caller is believed without renewal."""
        return timedelta(seconds=self.talk_lease_s)

    @property
    def refusal_rest(self) -> timedelta:
        """How long a seat is not asked again for a caller it refused."""
        return timedelta(seconds=self.refusal_rest_s)
