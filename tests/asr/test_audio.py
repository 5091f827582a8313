"""Telephone audio is read as G.711 says, in pieces, and a broken file is refused with its reason."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from asr.audio import ALAW, ULAW, Upsampler, decode_alaw, read_channel, wav_shape
from asr.errors import AudioRefused
from ivr.synthesis import encode_alaw

pytestmark = pytest.mark.unit


def test_alaw_is_that_of_g711() -> None:
    assert ALAW[0xD5] * 32768 == 8  # the smallest positive value
    assert ALAW[0x55] * 32768 == -8
    assert ALAW[0xAA] * 32768 == 32256
    assert ULAW[0xFF] == 0
    assert ULAW[0x80] * 32768 == 32124


def test_every_code_survives_decoding_and_encoding() -> None:
    codes = bytes(range(256))
    assert encode_alaw(decode_alaw(codes).astype(np.float64) * 32768 / 32767) == codes


def test_a_tone_keeps_its_pitch_and_level_at_twice_the_rate() -> None:
    tone = np.sin(2 * np.pi * 1000 * np.arange(8000) / 8000).astype(np.float32)
    raised = Upsampler().feed(tone)[200:-200]
    expected_rms = np.sqrt(0.5)
    assert np.sqrt(np.mean(raised**2)) == pytest.approx(expected_rms, rel=0.02)
    assert np.argmax(np.abs(np.fft.rfft(raised))) * 16_000 / len(raised) == pytest.approx(1000, abs=3)


def test_feeding_in_pieces_gives_the_same_as_at_once() -> None:
    noise = np.random.default_rng(1).normal(0, 0.1, 1600).astype(np.float32)
    whole, pieces = Upsampler(), Upsampler()
    parts = [pieces.feed(noise[at : at + 160]) for at in range(0, 1600, 160)]
    assert np.allclose(whole.feed(noise), np.concatenate(parts), atol=1e-6)


def test_the_channels_of_a_stereo_recording_are_kept_apart(stereo: Callable[[bytes, bytes], Path]) -> None:
    path = stereo(bytes([0xAA]) * 16_000, bytes([0xD5]) * 16_000)
    shape = wav_shape(path)
    assert (shape.channels, shape.duration_s) == (2, 2.0)
    left, right = (np.concatenate(list(read_channel(path, shape, each))) for each in (0, 1))
    assert len(left) == len(right) == 32_000
    assert np.abs(left).max() > 0.5 > 0.01 > np.abs(right).max()


def test_a_file_that_a_killed_recorder_left_is_read_as_far_as_it_goes(
    tmp_path: Path, stereo: Callable[[bytes, bytes], Path]
) -> None:
    whole = stereo(bytes(8000), bytes(8000)).read_bytes()
    cut = tmp_path / "cut.wav"
    cut.write_bytes(whole[:-4001])
    shape = wav_shape(cut)
    assert shape.data_bytes == 16_000 - 4002
    assert sum(len(part) for part in read_channel(cut, shape, 0)) == 2 * shape.data_bytes // 2


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a WAV"),
        (b"RIFF\0\0\0\0WAVE", "cut off"),
        (b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 6, 8000, 0, 0, 16) + b"data\0\0\0\0", "not mono"),
        (b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 44100, 0, 0, 16) + b"data\0\0\0\0", "44100 Hz"),
    ],
)
def test_what_is_no_recording_is_refused_with_its_reason(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "x.wav"
    path.write_bytes(content)
    with pytest.raises(AudioRefused, match=reason):
        wav_shape(path)


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AudioRefused, match="No such file"):
        wav_shape(tmp_path / "absent.wav")
