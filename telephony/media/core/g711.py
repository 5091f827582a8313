"""ITU-T G.711: one byte a sample, A-law in China and Europe, µ-law elsewhere; conversion by 256-byte tables.

``audioop`` is not used: it warns on Python 3.11 and is gone in 3.13.
"""

_ALAW_ENDS = (0x1F, 0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF)
_ULAW_ENDS = (0x3F, 0x7F, 0xFF, 0x1FF, 0x3FF, 0x7FF, 0xFFF, 0x1FFF)
_ULAW_BIAS = 0x84
_ULAW_CLIP = 8159


def decode_alaw(code: int) -> int:
    """One A-law byte as a signed 16-bit sample (G.711 table 1)."""
    bits = code ^ 0x55
    segment = (bits & 0x70) >> 4
    level = (bits & 0x0F) << 4
    level += 0x08 if segment == 0 else 0x108
    if segment > 1:
        level <<= segment - 1
    return level if bits & 0x80 else -level


def encode_alaw(sample: int) -> int:
    """One signed 16-bit sample as an A-law byte."""
    level, mask = (sample >> 3, 0xD5) if sample >= 0 else (-(sample >> 3) - 1, 0x55)
    segment = next((index for index, end in enumerate(_ALAW_ENDS) if level <= end), None)
    if segment is None:
        return 0x7F ^ mask
    return (segment << 4 | (level >> max(segment, 1)) & 0x0F) ^ mask


def decode_ulaw(code: int) -> int:
    """One µ-law byte as a signed 16-bit sample (G.711 table 2)."""
    bits = ~code & 0xFF
    level = (((bits & 0x0F) << 3) + _ULAW_BIAS) << ((bits & 0x70) >> 4)
    return _ULAW_BIAS - level if bits & 0x80 else level - _ULAW_BIAS


def encode_ulaw(sample: int) -> int:
    """One signed 16-bit sample as a µ-law byte."""
    level, mask = (sample >> 2, 0xFF) if sample >= 0 else (-(sample >> 2), 0x7F)
    level = min(level, _ULAW_CLIP) + (_ULAW_BIAS >> 2)
    segment = next((index for index, end in enumerate(_ULAW_ENDS) if level <= end), None)
    if segment is None:
        return 0x7F ^ mask
    return (segment << 4 | (level >> (segment + 1)) & 0x0F) ^ mask


ALAW_TO_ULAW = bytes(encode_ulaw(decode_alaw(code)) for code in range(256))
"""For ``bytes.translate``: A-law in, µ-law out."""
ULAW_TO_ALAW = bytes(encode_alaw(decode_ulaw(code)) for code in range(256))
"""For ``bytes.translate``: µ-law in, A-law out."""
ALAW_SILENCE = 0xD5
"""The A-law byte of the smallest positive level; G.711 has no zero."""
