from datetime import UTC, datetime, timedelta

import pytest

from seats.reservation import Reservation, ReservationEnd
from seats.routing import Offer
from seats.seat import SeatState

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def test_a_reservation_keeps_why_the_seat_was_chosen_and_how_it_first_ended() -> None:
    offer = Offer("entry", "call", 2, "8001", "001", 5, SeatState.FREE, "空闲最久(9秒)")
    reservation = Reservation.of(offer, holder="server-1", at=NOW, until=NOW + timedelta(seconds=30))
    assert (reservation.id, reservation.reason, reservation.holder) == ("entry/2", "空闲最久(9秒)", "server-1")
    reservation.end(ReservationEnd.REFUSED, at=NOW + timedelta(seconds=3))
    reservation.end(ReservationEnd.LAPSED, at=NOW + timedelta(seconds=30))
    assert (reservation.outcome, reservation.ended_at) == (ReservationEnd.REFUSED, NOW + timedelta(seconds=3))
