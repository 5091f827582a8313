"""Recordings as the media worker writes them."""

import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest


@pytest.fixture
def stereo(tmp_path: Path) -> Callable[[bytes, bytes], Path]:
    """Writes a stereo A-law WAV of two channels; the shorter is filled with silence."""

    def write(caller: bytes, hotline: bytes) -> Path:
        length = max(len(caller), len(hotline))
        both = np.full((length, 2), 0xD5, np.uint8)
        both[: len(caller), 0] = np.frombuffer(caller, np.uint8)
        both[: len(hotline), 1] = np.frombuffer(hotline, np.uint8)
        data = both.tobytes()
        form = struct.pack("<HHIIHHH", 6, 2, 8000, 16_000, 2, 8, 0)
        body = b"WAVE" + b"fmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(data)) + data
        path = tmp_path / "recording.wav"
        path.write_bytes(b"RIFF" + struct.pack("<I", len(body)) + body)
        return path

    return write
