"""Interleaving."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.core.g711 import ALAW_SILENCE
from telephony.media.core.stereo import StereoAssembler

pytestmark = pytest.mark.unit
QUIET = bytes([ALAW_SILENCE])


def test_left_and_right_alternate() -> None:
    stereo = StereoAssembler()
    stereo.add([(0, b"ab"), (2, b"cd")], [(1, b"xyz")])
    assert stereo.take(4) == b"a" + QUIET + b"bxcydz"


def test_a_packet_may_come_after_a_later_one_and_span_two_takes() -> None:
    stereo = StereoAssembler()
    stereo.add([(2, b"cd")], [])
    stereo.add([(0, b"ab")], [])
    assert stereo.take(3)[0::2] + stereo.take(5)[0::2] == b"abcd" + QUIET


def test_a_packet_for_a_time_given_out_is_dropped_and_counted() -> None:
    stereo = StereoAssembler()
    assert stereo.take(100) == QUIET * 200
    stereo.add([(50, b"late")], [])
    assert (stereo.dropped, stereo.take(104)) == (1, QUIET * 8)


def test_taking_backwards_gives_nothing() -> None:
    stereo = StereoAssembler()
    assert stereo.take(-2400) == b""
    stereo.take(10)
    assert stereo.take(5) == b""
    assert stereo.taken == 10


@given(st.lists(st.integers(0, 300), max_size=20), st.lists(st.integers(1, 400), max_size=10))
def test_the_length_depends_on_the_clock_alone(places: list[int], takes: list[int]) -> None:
    stereo, written = StereoAssembler(), 0
    for until in sorted(takes):
        stereo.add([(at, b"x" * 20) for at in places], [(at, b"y" * 20) for at in places])
        written += len(stereo.take(until))
    assert written == 2 * max(takes, default=0)
