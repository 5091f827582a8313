"""What a Play command sends."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.core.g711 import ALAW_SILENCE
from telephony.media.core.playout import Playlist

pytestmark = pytest.mark.unit
QUIET = bytes([ALAW_SILENCE])


def all_of(playlist: Playlist, samples: int = 160) -> bytes:
    out = b""
    while not playlist.finished:
        piece = playlist.take(samples)
        assert len(piece) == samples
        out += piece
    return out


def test_files_follow_each_other_without_a_seam() -> None:
    playlist = Playlist([b"a" * 250, b"b" * 100])
    assert all_of(playlist) == (b"a" * 250 + b"b" * 100).ljust(480, QUIET)
    assert playlist.played_samples == 350


def test_a_gap_stands_between_files_but_not_after_the_last() -> None:
    playlist = Playlist([b"a" * 160, b"b" * 160], gap_samples=80)
    assert all_of(playlist) == (b"a" * 160 + QUIET * 80 + b"b" * 160).ljust(480, QUIET)
    assert playlist.played_samples == 320


def test_repeat_goes_on_for_ever_with_the_gap_between_rounds() -> None:
    playlist = Playlist([b"a" * 160], repeat=True, gap_samples=160)
    assert [playlist.take(160) for _ in range(5)] == [b"a" * 160, QUIET * 160] * 2 + [b"a" * 160]
    assert not playlist.finished


def test_nothing_to_play_is_finished_at_once() -> None:
    assert Playlist([]).finished
    assert Playlist([b"", b""], repeat=True).finished


def test_files_may_be_added_while_playing() -> None:
    playlist = Playlist([b"a" * 160])
    playlist.add([b"b" * 160])
    assert all_of(playlist) == b"a" * 160 + b"b" * 160


@given(st.lists(st.binary(max_size=500), max_size=5), st.integers(0, 400), st.sampled_from([80, 160, 240, 480]))
def test_every_sample_is_played_once(files: list[bytes], gap: int, samples: int) -> None:
    playlist = Playlist(files, gap_samples=gap)
    heard = all_of(playlist, samples)
    assert playlist.played_samples == sum(map(len, files))
    full = [file for file in files if file]
    assert heard.startswith((QUIET * gap).join(full))
