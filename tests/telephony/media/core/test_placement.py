"""Where packets belong in a recording."""

import pytest

from telephony.media.core.placement import Placement

pytestmark = pytest.mark.unit


def test_the_first_packet_is_where_it_arrived_and_the_next_ones_by_their_timestamps() -> None:
    place = Placement()
    assert [place.place(90000 + n * 160, 160, 500 + n * 160 + late) for n, late in enumerate((0, 70, -30))] == [
        *(500, 660, 820)
    ]


def test_a_lost_packet_leaves_its_gap() -> None:
    place = Placement()
    place.place(0, 160, 0)
    assert place.place(480, 160, 480) == 480


def test_a_stream_that_begins_anew_is_placed_where_it_arrived() -> None:
    place = Placement()
    place.place(0, 160, 0)
    assert place.place(5_000_000, 160, 8000) == 8000


def test_tying_to_the_clock_again_never_writes_over_what_was_just_placed() -> None:
    place = Placement()
    place.place(0, 160, 0)
    place.place(160, 160, 10)
    assert place.place(5_000_000, 160, 170) == 320
