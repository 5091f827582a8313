"""G.711 tables."""

import pytest

from telephony.media.core import g711

pytestmark = pytest.mark.unit


def test_known_codes_decode_to_the_levels_of_the_recommendation() -> None:
    assert [g711.decode_alaw(code) for code in (0xD5, 0x55, 0xAA, 0x2A)] == [8, -8, 32256, -32256]
    assert [g711.decode_ulaw(code) for code in (0xFF, 0x7F, 0x80, 0x00)] == [0, 0, 32124, -32124]


def test_every_alaw_code_survives_decoding_and_encoding() -> None:
    assert all(g711.encode_alaw(g711.decode_alaw(code)) == code for code in range(256))


def test_every_ulaw_code_survives_but_for_the_second_zero() -> None:
    assert [code for code in range(256) if g711.encode_ulaw(g711.decode_ulaw(code)) != code] == [0x7F]


def test_levels_beyond_full_scale_are_clipped() -> None:
    assert g711.encode_alaw(40000) == 0xAA
    assert g711.encode_alaw(-40000) == 0x2A
    assert g711.encode_ulaw(40000) == 0x80
    assert g711.encode_ulaw(-40000) == 0x00


def test_conversion_between_the_laws_keeps_the_level_within_a_step() -> None:
    for code in range(256):
        level = g711.decode_alaw(code)
        assert abs(g711.decode_ulaw(g711.ALAW_TO_ULAW[code]) - level) <= max(16, abs(level) // 16)
        level = g711.decode_ulaw(code)
        assert abs(g711.decode_alaw(g711.ULAW_TO_ALAW[code]) - level) <= max(16, abs(level) // 16)
