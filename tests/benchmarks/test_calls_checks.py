"""What counts as a failed call."""

from pathlib import Path
from typing import Any

import pytest

from benchmarks.calls_checks import Failures, _fault
from benchmarks.sip_text import TONE_OF, alaw_tone

pytestmark = pytest.mark.unit

GOOD: dict[str, Any] = {
    "number": "1", "state": "ended", "status": 200, "by_server": False, "in_window": 1000, "lost": 1,
    "heard_other_at_s": 1.0,
}  # fmt: skip


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"status": 503}, "status 503"),
        ({"by_server": True}, "the server hung up first"),
        ({"state": "failed"}, "left in state failed"),
        ({"in_window": 0}, "no audio"),
        ({"lost": 2}, "packets lost"),
        ({"heard_other_at_s": None}, "the seat was not heard"),
    ],
)
def test_a_call_fails_for_one_reason(change: dict[str, Any], reason: str | None) -> None:
    failures = Failures()
    failures.count_calls([{**GOOD, **change}], bridged=True)
    assert failures.reasons == ({reason: 1} if reason else {})
    assert failures.total == (1 if reason else 0)


def recording(folder: Path, *, seconds: float = 3.0, left: str = "caller", right: str = "seat") -> Path:
    silence = bytes([0xD5]) * 160
    frames = int(seconds * 50)
    one = (alaw_tone(TONE_OF[left]) if left else silence) * frames
    two = (alaw_tone(TONE_OF[right]) if right else silence) * frames
    body = bytes(byte for pair in zip(one, two, strict=True) for byte in pair)
    path = folder / "r.wav"
    path.write_bytes(b"RIFF....WAVEfmt ....data" + len(body).to_bytes(4, "little") + body)
    return path


@pytest.mark.parametrize(
    ("options", "span_s", "fault"),
    [
        ({}, 3.1, ""),
        ({}, 3.5, "recording off by more than 0.2 s"),
        ({"left": ""}, 3.0, "the caller's tone is missing"),
        ({"right": ""}, 3.0, "the seat's tone is missing"),
        ({"left": "seat", "right": "caller"}, 3.0, "the caller's tone is missing"),
    ],
)
def test_a_recording_is_as_long_as_its_call_with_each_tone_in_its_channel(
    tmp_path: Path, options: dict[str, str], span_s: float, fault: str
) -> None:
    assert _fault(recording(tmp_path, **options), span_s) == fault


def test_a_recording_without_data_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "r.wav").write_bytes(b"RIFF")
    assert _fault(tmp_path / "r.wav", 1.0) == "recording without data"
