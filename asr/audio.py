"""Telephone audio for recognisers: G.711 decoding, 8 000 → 16 000 Hz, WAV files read piece by piece."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from asr.errors import AudioRefused
from asr.recogniser import Audio

_BLOCK_S = 1.0


def _alaw_table() -> npt.NDArray[np.float32]:
    code = np.arange(256, dtype=np.int32) ^ 0x55
    low, segment = (code & 0x0F) << 4, (code & 0x70) >> 4
    size = np.where(segment == 0, low + 8, (low + 0x108) << np.maximum(segment - 1, 0))
    return (np.where(code & 0x80, size, -size) / 32768).astype(np.float32)


def _ulaw_table() -> npt.NDArray[np.float32]:
    code = ~np.arange(256, dtype=np.int32) & 0xFF
    size = (((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)) - 0x84
    return (np.where(code & 0x80, -size, size) / 32768).astype(np.float32)


ALAW = _alaw_table()
"""Code → sample, −1 … 1 (ITU-T G.711)."""
ULAW = _ulaw_table()


def decode_alaw(data: bytes) -> Audio:
    """A-law bytes as samples at 8 000 Hz."""
    samples: Audio = ALAW[np.frombuffer(data, np.uint8)]
    return samples


def _half_band(taps: int = 47) -> Audio:
    """Low-pass at 3.9 kHz for 16 000 Hz, gain 2 (one zero is put between samples)."""
    n = np.arange(taps) - (taps - 1) / 2
    cutoff = 3900 / 16_000
    kernel = 2 * cutoff * np.sinc(2 * cutoff * n) * np.kaiser(taps, 6.0)
    doubled: Audio = (2 * kernel / kernel.sum()).astype(np.float32)
    return doubled


_KERNEL = _half_band()


class Upsampler:
    """8 000 → 16 000 Hz, one stream; the output lags by 23 samples (1.4 ms)."""

    def __init__(self) -> None:
        self._tail = np.zeros(len(_KERNEL) - 1, np.float32)

    def feed(self, samples: Audio) -> Audio:
        """Twice as many samples."""
        stuffed = np.zeros(2 * len(samples), np.float32)
        stuffed[::2] = samples
        joined = np.concatenate([self._tail, stuffed])
        self._tail = joined[-(len(_KERNEL) - 1) :]
        return np.convolve(joined, _KERNEL, "valid").astype(np.float32)


@dataclass(frozen=True, slots=True)
class WavShape:
    """What a WAV file's head says.

    Attributes:
        encoding: 1 PCM 16 bit, 6 A-law, 7 µ-law (RFC 2361).
        data_at, data_bytes: where the samples lie; cut to what is really there (a killed recorder's file).
    """

    encoding: int
    channels: int
    rate_hz: int
    data_at: int
    data_bytes: int

    @property
    def frame_bytes(self) -> int:
        """Bytes of one moment, all channels."""
        return self.channels * (2 if self.encoding == 1 else 1)

    @property
    def duration_s(self) -> float:
        """Length of the audio."""
        return self.data_bytes / self.frame_bytes / self.rate_hz


def wav_shape(path: Path) -> WavShape:
    """Read the head of a WAV file.

    Raises:
        AudioRefused: it is absent, no WAV, or neither A-law, µ-law nor 16-bit PCM at 8 000 or 16 000 Hz.
    """
    try:
        with path.open("rb") as file:
            return _read_shape(file, path)
    except OSError as error:
        raise AudioRefused(str(path), error.strerror or "unreadable") from error
    except struct.error as error:
        raise AudioRefused(str(path), "the WAV head is cut off") from error


def _read_shape(file: BinaryIO, path: Path) -> WavShape:
    size = path.stat().st_size
    riff = file.read(12)
    if riff[:4] != b"RIFF" or riff[8:12] != b"WAVE":
        raise AudioRefused(str(path), "not a WAV file")
    form: tuple[int, int, int, int] | None = None
    while True:
        name, length = struct.unpack("<4sI", file.read(8))
        if name == b"data":
            break
        body = file.read(length + length % 2)
        if name == b"fmt ":
            encoding, channels, rate_hz = struct.unpack_from("<HHI", body)
            bits = struct.unpack_from("<H", body, 14)[0]
            form = (encoding, channels, rate_hz, bits)
    if form is None or (form[0], form[3]) not in {(1, 16), (6, 8), (7, 8)} or form[1] not in {1, 2}:
        raise AudioRefused(str(path), f"format {form} is not mono or stereo A-law, µ-law or 16-bit PCM")
    if form[2] not in {8000, 16_000}:
        raise AudioRefused(str(path), f"{form[2]} Hz")
    at = file.tell()
    present = min(length, size - at) if length else size - at
    frame_bytes = form[1] * form[3] // 8
    return WavShape(form[0], form[1], form[2], at, present - present % frame_bytes)


def read_channel(path: Path, shape: WavShape, channel: int) -> Iterator[Audio]:
    """One channel at 16 000 Hz in blocks of a second, so that a long recording never stands in memory."""
    upsampler = Upsampler() if shape.rate_hz == 8000 else None
    block_bytes = int(_BLOCK_S * shape.rate_hz) * shape.frame_bytes
    left = shape.data_bytes
    with path.open("rb") as file:
        file.seek(shape.data_at)
        while left > 0 and (data := file.read(min(block_bytes, left))):
            left -= len(data)
            samples = _decode(data[: len(data) - len(data) % shape.frame_bytes], shape.encoding)
            mono = samples[channel :: shape.channels]
            yield upsampler.feed(mono) if upsampler else mono


def _decode(data: bytes, encoding: int) -> Audio:
    if encoding == 1:
        return (np.frombuffer(data, "<i2") / 32768).astype(np.float32)
    table = ALAW if encoding == 6 else ULAW
    samples: Audio = table[np.frombuffer(data, np.uint8)]
    return samples
