"""Keys as tones."""

import math

import pytest

from telephony.media.core.g711 import decode_alaw
from telephony.media.core.tones import key_frequencies, key_tone

pytestmark = pytest.mark.unit


def power(alaw: bytes, hz: float) -> float:
    """Share of the signal's energy at a frequency (Goertzel)."""
    pcm = [decode_alaw(code) for code in alaw]
    step = 2 * math.cos(2 * math.pi * hz / 8000)
    a = b = 0.0
    for sample in pcm:
        a, b = sample + step * a - b, a
    energy = sum(sample * sample for sample in pcm)
    return (a * a + b * b - step * a * b) * 2 / (energy * len(pcm))


@pytest.mark.parametrize(
    ("key", "pair"), [("1", (697, 1209)), ("#", (941, 1477)), ("0", (941, 1336)), ("d", (941, 1633))]
)
def test_a_key_is_its_row_and_its_column(key: str, pair: tuple[int, int]) -> None:
    tone = key_tone(key, 800)
    assert key_frequencies(key) == pair
    assert len(tone) == 800
    assert all(0.4 < power(tone, hz) < 0.6 for hz in pair)
    assert power(tone, 1000) < 0.02


def test_what_is_no_key_has_no_tone() -> None:
    assert key_tone("x", 800) == b""
    assert key_tone("12", 800) == b""
