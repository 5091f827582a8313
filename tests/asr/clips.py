"""The product's speech clips as telephone audio."""

import json
from pathlib import Path

import numpy as np

from asr.audio import read_channel, wav_shape
from asr.recogniser import Audio
from ivr.synthesis import encode_alaw

SPEECH = Path(__file__).resolve().parents[2] / "data" / "speech"
MANIFEST = [json.loads(line) for line in (SPEECH / "manifest.jsonl").read_text("utf-8").splitlines()]


def audio_of(name: str) -> Audio:
    """A clip at 16 000 Hz."""
    path = SPEECH / name
    return np.concatenate(list(read_channel(path, wav_shape(path), 0)))


def alaw_of(name: str) -> bytes:
    """A clip as A-law at 8 000 Hz."""
    data = (SPEECH / name).read_bytes()
    shape = wav_shape(SPEECH / name)
    samples = np.frombuffer(data[shape.data_at : shape.data_at + shape.data_bytes], "<i2")
    return encode_alaw(samples.astype(np.float64) / 32767)
