"""Keys as pairs of tones in the audio (ITU-T Q.23), for a far side without telephone-event."""

import math
from functools import lru_cache

from telephony.media.core.g711 import ALAW_SILENCE, encode_alaw
from vocabulary.audio_frame import RATE_HZ

_ROWS_HZ = (697, 770, 852, 941)
_COLUMNS_HZ = (1209, 1336, 1477, 1633)
_KEYS = ("123A", "456B", "789C", "*0#D")
_LEVEL = 5200  # each tone about -13 dBm0, inside the window of ITU-T Q.24


def key_frequencies(key: str) -> tuple[int, int] | None:
    """Row and column tone of a key in Hz; None if it is no key."""
    for row, keys in zip(_ROWS_HZ, _KEYS, strict=True):
        if len(key) == 1 and key.upper() in keys:
            return row, _COLUMNS_HZ[keys.index(key.upper())]
    return None


@lru_cache(maxsize=64)
def key_tone(key: str, samples: int) -> bytes:
    """A key's two tones as A-law; empty if it is no key."""
    pair = key_frequencies(key)
    if pair is None:
        return b""
    low, high = (2 * math.pi * hz / RATE_HZ for hz in pair)
    return bytes(encode_alaw(int(_LEVEL * (math.sin(low * n) + math.sin(high * n)))) for n in range(samples))


def key_tones(keys: str, tone_samples: int, gap_samples: int) -> list[bytes]:
    """Pieces to play for several keys: each a tone and the silence after it; what is no key is skipped."""
    silence = bytes((ALAW_SILENCE,)) * gap_samples
    tones = (key_tone(key, tone_samples) for key in keys)
    return [piece for tone in tones if tone for piece in (tone, silence)]
