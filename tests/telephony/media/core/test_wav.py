"""WAV headers and mending."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.core.wav import HEADER_BYTES, header, mended_header, read_header
from telephony.media.errors import WavMalformed

pytestmark = pytest.mark.unit


def test_the_header_says_stereo_alaw_at_8_khz_and_fits_the_file() -> None:
    head = header(8000)
    assert len(head) == HEADER_BYTES == 58
    assert head[:4] + head[8:16] == b"RIFFWAVEfmt "
    assert int.from_bytes(head[4:8], "little") == 58 + 16000 - 8
    assert [int.from_bytes(head[at : at + size], "little") for at, size in ((20, 2), (22, 2), (24, 4), (28, 4))] == [
        *(6, 2, 8000, 16000)
    ]
    assert head[50:54] == b"data"
    assert int.from_bytes(head[54:58], "little") == 16000


@given(st.integers(0, 2**30))
def test_a_header_is_read_back(samples: int) -> None:
    assert read_header(header(samples)) == samples


@given(st.binary(max_size=80))
def test_any_head_is_read_or_refused_by_name(head: bytes) -> None:
    with suppress(WavMalformed):
        read_header(head)


@given(st.integers(0, 100_000), st.integers(0, 1000))
def test_a_mended_header_fits_what_the_dead_writer_left(file_bytes: int, promised: int) -> None:
    head, samples = mended_header(header(promised)[:file_bytes], file_bytes)
    assert read_header(head) == samples
    assert samples == max(0, (file_bytes - HEADER_BYTES) // 2)


def test_a_file_that_is_not_ours_is_left_alone() -> None:
    with pytest.raises(WavMalformed):
        mended_header(b"ID3" + bytes(100), 5000)
