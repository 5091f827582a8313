"""What counts as a failed call: no answer, lost packets, no record, a recording that is too short or deaf."""

import math
import time
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

from benchmarks.server_process import ServerProcess
from benchmarks.sip_text import TONE_OF

LOST_SHARE = 0.001
OFF_BY_S = 0.2
RECORDS_WITHIN_S = 15.0
HEADER_SCAN_BYTES = 4096


class Failures:
    """Failed calls by their reason; a call counts once."""

    def __init__(self) -> None:
        self._failed: dict[str, str] = {}

    def add(self, call: str, reason: str) -> None:
        """One call failed; the first reason stays."""
        self._failed.setdefault(call, reason)

    @property
    def total(self) -> int:
        """Failed calls."""
        return len(self._failed)

    @property
    def reasons(self) -> dict[str, int]:
        """Calls by reason."""
        return dict(Counter(self._failed.values()))

    def count_calls(self, callers: list[dict[str, Any]], *, bridged: bool, audio: bool = True) -> None:
        """Look at what the callers saw."""
        for call in callers:
            received, lost = call["in_window"], call["lost"]
            if call["status"] != 200:
                self.add(call["number"], f"status {call['status']}")
            elif call["by_server"]:
                self.add(call["number"], "the server hung up first")
            elif call["state"] != "ended":
                self.add(call["number"], f"left in state {call['state']}")
            elif audio and not received:
                self.add(call["number"], "no audio")
            elif lost > LOST_SHARE * (received + lost):
                self.add(call["number"], "packets lost")
            elif bridged and call["heard_other_at_s"] is None:
                self.add(call["number"], "the seat was not heard")


def check_records(server: ServerProcess, callers: list[dict[str, Any]], failures: Failures) -> None:
    """Every call that was answered has a record with an end."""
    answered = [call for call in callers if call["status"] == 200]
    query = "SELECT * FROM call WHERE purpose = 'inbound' AND ended_at IS NOT NULL"
    until_s = time.monotonic() + RECORDS_WITHIN_S
    rows: list[dict[str, Any]] = []
    while time.monotonic() < until_s:
        rows = server.rows(query)
        if len(rows) >= len(answered):
            break
        time.sleep(0.2)
    for missing in range(len(answered) - len(rows)):
        failures.add(f"unrecorded {missing}", "no call record")
    for row in rows:
        if row["answered_at"] is None and row["cause"] == "NORMAL":
            failures.add(row["id"], "a record without its answer")


def check_recordings(server: ServerProcess, calls: int, failures: Failures) -> int:
    """Every bridged call has a recording as long as the record says, with both tones in their channels.

    Returns:
        How many were looked at.
    """
    query = (
        "SELECT r.recording_id AS recording, r.started_at AS started_at, c.ended_at AS ended_at "
        "FROM call_recording r JOIN call c ON c.id = r.call_id WHERE c.purpose = 'inbound'"
    )
    rows = server.rows(query)
    for missing in range(calls - len(rows)):
        failures.add(f"no recording {missing}", "no recording")
    looked_at = 0
    for row in rows:
        paths = _files(server, row["recording"])
        if not paths:
            failures.add(row["recording"], "no recording file")
            continue
        looked_at += 1
        span_s = (_moment(row["ended_at"]) - _moment(row["started_at"])).total_seconds()
        reason = _fault(paths[0], span_s)
        if reason:
            failures.add(row["recording"], reason)
    return looked_at


def _files(server: ServerProcess, recording: str) -> list[Path]:
    """The file of a recording; waits for the one that is still being stored."""
    until_s = time.monotonic() + RECORDS_WITHIN_S
    while not (found := server.files(f"*{recording}*.wav")) and time.monotonic() < until_s:
        time.sleep(0.2)
    return found


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _fault(path: Path, span_s: float) -> str:
    data = path.read_bytes()
    start = data.find(b"data", 0, HEADER_SCAN_BYTES) + 8
    if start < 8:
        return "recording without data"
    body = data[start:]
    off_s = abs(len(body) / 16000 - span_s)
    if off_s > OFF_BY_S:
        return "recording off by more than 0.2 s"
    left, right = body[0::2], body[1::2]
    if not _has_tone(left, TONE_OF["caller"]):
        return "the caller's tone is missing"
    if not _has_tone(right, TONE_OF["seat"]):
        return "the seat's tone is missing"
    return ""


def _has_tone(alaw: bytes, hertz: int) -> bool:
    """Whether the tone dominates half a second somewhere; announcements may take the rest."""
    starts = range(0, max(1, len(alaw) - 4000), 8000)
    return any(_tone_dominates(alaw[start : start + 4000], hertz) for start in reversed(starts))


def _tone_dominates(alaw: bytes, hertz: int) -> bool:
    """Goertzel: the tone holds more than half of the energy."""
    samples = [_LINEAR[byte] for byte in alaw]
    if len(samples) < 800:
        return False
    energy = sum(sample * sample for sample in samples)
    factor = 2 * math.cos(2 * math.pi * hertz / 8000)
    one = two = 0.0
    for sample in samples:
        one, two = sample + factor * one - two, one
    power = one * one + two * two - factor * one * two
    return energy > 0 and 2 * power / (energy * len(samples)) > 0.5


def _linear(byte: int) -> int:
    value = byte ^ 0x55
    exponent, mantissa = (value >> 4) & 7, value & 0x0F
    magnitude = (mantissa << 4) + 8 if exponent == 0 else ((mantissa << 4) + 0x108) << (exponent - 1)
    return magnitude if value & 0x80 else -magnitude


_LINEAR = [_linear(byte) for byte in range(256)]
