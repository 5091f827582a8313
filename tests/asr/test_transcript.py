"""A transcript reads as the conversation went."""

from datetime import UTC, datetime

import pytest

from asr.transcript import Speaker, Transcript, TranscriptSegment, in_order

pytestmark = pytest.mark.unit

CALLER = TranscriptSegment(Speaker.CALLER, 3.0, 4.0, "家里不热")
LATER = TranscriptSegment(Speaker.CALLER, 9.0, 9.5, "延吉路")
HOTLINE = TranscriptSegment(Speaker.HOTLINE, 0.5, 2.5, "您好")


def test_both_sides_stand_in_the_order_in_which_they_spoke() -> None:
    assert in_order([CALLER, LATER, HOTLINE]) == (HOTLINE, CALLER, LATER)


def test_the_callers_words_are_told_from_the_hotlines() -> None:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    transcript = Transcript("t", "r", "c", at, "b", "m", 10.0, in_order([CALLER, LATER, HOTLINE]))
    assert transcript.caller_text == "家里不热，延吉路"
    assert transcript.text == "热线：您好\n用户：家里不热\n用户：延吉路"
    assert transcript.draft
