"""The jitter buffer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.core.g711 import ALAW_SILENCE
from telephony.media.core.jitter_buffer import JitterBuffer

pytestmark = pytest.mark.unit
SILENCE = bytes([ALAW_SILENCE]) * 160


def frame(n: int, samples: int = 160) -> bytes:
    return bytes([n % 200]) * samples


def test_even_packets_pass_without_delay() -> None:
    buffer = JitterBuffer()
    for n in range(5):
        buffer.put(n * 160, frame(n))
        assert buffer.take(160) == frame(n)


def test_a_mute_line_gives_nothing() -> None:
    assert JitterBuffer().take(160) is None


def test_packets_out_of_order_come_out_in_order() -> None:
    buffer = JitterBuffer()
    for n in (0, 2, 1):
        buffer.put(n * 160, frame(n))
    assert [buffer.take(160) for _ in range(3)] == [frame(0), frame(1), frame(2)]


def test_a_hole_is_filled_with_silence() -> None:
    buffer = JitterBuffer()
    buffer.put(0, frame(0))
    buffer.put(320, frame(2))
    assert [buffer.take(160) for _ in range(3)] == [frame(0), SILENCE, frame(2)]


def test_a_late_packet_is_counted_and_deepens_the_buffer() -> None:
    buffer = JitterBuffer()
    for n in (0, 1):
        buffer.put(n * 160, frame(n))
    buffer.take(160), buffer.take(160)
    buffer.put(0, frame(0))
    assert (buffer.late, buffer.depth) == (1, 320)
    buffer.put(320, frame(2))
    assert buffer.take(160) is None  # it gathers two packets now
    buffer.put(480, frame(3))
    assert buffer.take(160) == frame(2)


def test_the_last_packet_before_a_pause_is_not_kept_back() -> None:
    buffer = JitterBuffer()
    buffer.put(0, frame(0))
    buffer.take(160)
    buffer.put(0, frame(0))  # late: the depth is two packets now
    buffer.put(160, frame(1))
    taken = [buffer.take(160) for _ in range(4)]
    assert frame(1) in taken


def test_calm_makes_it_shallow_again() -> None:
    buffer = JitterBuffer()
    buffer.put(0, frame(0))
    buffer.take(160)
    buffer.put(0, frame(0))
    assert buffer.depth == 320
    for n in range(1, 600):
        buffer.put(n * 160, frame(n))
        buffer.take(160)
    assert buffer.depth == 160


def test_packets_of_30_ms_come_out_as_20_ms_without_a_sample_lost() -> None:
    buffer = JitterBuffer()
    sent, heard = b"", b""
    for n in range(8):
        piece = bytes((n * 7 + i) % 199 for i in range(240))
        buffer.put(n * 240, piece)
        sent += piece
    while piece := buffer.take(160):
        heard += piece
    assert heard.rstrip(bytes([ALAW_SILENCE])) == sent.rstrip(bytes([ALAW_SILENCE]))


def test_a_burst_does_not_delay_the_call_for_good() -> None:
    buffer = JitterBuffer()
    for n in range(100):
        buffer.put(n * 160, frame(n))
    first = buffer.take(160)
    assert first is not None and first[0] >= 100 - 3200 // 160 - 1


def test_a_far_timestamp_begins_anew() -> None:
    buffer = JitterBuffer()
    buffer.put(0, frame(1))
    buffer.take(160)
    buffer.put(10_000_000, frame(2))
    assert buffer.take(160) == frame(2)


@given(
    st.lists(st.tuples(st.integers(0, 60), st.sampled_from([80, 160, 240])), max_size=60),
    st.sampled_from([80, 160, 240]),
)
def test_whatever_comes_every_step_has_its_length(packets: list[tuple[int, int]], samples: int) -> None:
    buffer = JitterBuffer()
    for n, size in packets:
        buffer.put(n * 160, frame(n, size))
        piece = buffer.take(samples)
        assert piece is None or len(piece) == samples
