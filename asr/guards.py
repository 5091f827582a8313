"""What keeps invented text out: Whisper writes fluent sentences for hum, tones and music. Pure.

Measured on clips in which nobody speaks (notes/speech): voice detection first (threshold 0.3) leaves none; then
no_speech_prob > 0.6 or compression ratio > 2.4 drops the rest. avg_logprob is never used: it loses short answers.
"""

import re
import zlib

NO_SPEECH_LIMIT = 0.6
COMPRESSION_LIMIT = 2.4
_REPEATED = re.compile(r"(.{1,12}?)(?:[\s,，。、!！?？]*\1){2,}", re.DOTALL)
_KEPT_REPEATS = re.compile(r"^(?:对|是|好|嗯|喂|不|行)+$")
_SUBTITLES = ("字幕", "请不吝点赞", "明镜与点点", "订阅", "谢谢观看", "谢谢大家观看", "Amara")


def compression_ratio(text: str) -> float:
    """Bytes over zlib bytes, as Whisper counts it; a loop compresses well."""
    raw = text.encode()
    return len(raw) / len(zlib.compress(raw)) if raw else 0.0


def collapse_repeats(text: str) -> str:
    """A run said three times or more becomes one: a decoder's loop, seldom speech. 对对对 stays."""

    def once(match: re.Match[str]) -> str:
        return match.group() if _KEPT_REPEATS.match(match.group()) or match.group(1).isdigit() else match.group(1)

    return _REPEATED.sub(once, text)


def refusal(text: str, no_speech_probability: float) -> str | None:
    """Why a reading must not be shown; None when it may be.

    Args:
        text: as decoded, before collapse_repeats.
        no_speech_probability: Whisper's own, 0 … 1.
    """
    if no_speech_probability > NO_SPEECH_LIMIT:
        return "no speech"
    if compression_ratio(text) > COMPRESSION_LIMIT:
        return "repetitive"
    if any(phrase in text for phrase in _SUBTITLES):
        return "subtitle"
    return None
