"""The parts of a case that only grow: its history, calls, timers, feedbacks and callback notes."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

FIRST_HASH = "0" * 64


@dataclass(eq=False)
class CaseEvent:
    """One entry of a case's history (invariant ②); never changed, each sealed with the one before.

    Attributes:
        case_number, sequence: the entry's place, from 1.
        at: aware UTC; by, role: who, in which role.
        move: a CaseMove's value, or ``create``, ``reminder``, ``linked``, ``urgency_raised``, ``note``.
        from_state, to_state: codes; from_state is None for ``create``.
        reason: in words; detail: fields given, without plain numbers.
        seal: SHA-256 over this entry and the seal before.
    """

    case_number: str
    sequence: int
    at: datetime
    by: str
    role: str
    move: str
    from_state: str | None
    to_state: str
    reason: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)
    seal: str = ""

    def sealed(self, before: str) -> str:
        """The seal this entry must have after ``before``."""
        content = [
            before, self.case_number, self.sequence, self.at.isoformat(), self.by, self.role, self.move,
            self.from_state, self.to_state, self.reason, self.detail,
        ]  # fmt: skip
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()


def first_broken(events: list[CaseEvent]) -> CaseEvent | None:
    """The first entry whose seal or place is wrong, or None when the history is whole."""
    before = FIRST_HASH
    for place, event in enumerate(events, start=1):
        if event.sequence != place or event.seal != event.sealed(before):
            return event
        before = event.seal
    return None


@dataclass(eq=False)
class CaseCall:
    """One telephone call of a case; the recording is known by its id only."""

    case_number: str
    call_id: str
    at: datetime
    recording_id: str | None = None
    no_recording_reason: str = ""
    transcript: str | None = None


@dataclass(eq=False)
class Timer:
    """One running clock of §2.3.

    Attributes:
        name: e.g. ``T_close``.
        started_at, due_at: aware UTC.
        source: where the limit comes from, e.g. ``§2.3 T_close P2 3 工作日``.
        warn_at: moments to warn at, ISO 8601, in order.
        is_natural: natural hours: never paused.
        paused_at: since when it stands still.
        stopped_at: when it was met, or given up.
    """

    case_number: str
    name: str
    started_at: datetime
    due_at: datetime
    source: str
    warn_at: tuple[str, ...] = ()
    is_natural: bool = False
    paused_at: datetime | None = None
    stopped_at: datetime | None = None
    timer_id: int | None = None

    @property
    def is_running(self) -> bool:
        """Neither met nor given up."""
        return self.stopped_at is None

    def pause(self, at: datetime) -> None:
        """Stand still (only S4B, with the user's consent); natural-hour clocks go on."""
        if self.is_running and not self.is_natural and self.paused_at is None:
            self.paused_at = at

    def resume(self, at: datetime) -> None:
        """Go on; the limit moves by the time it stood still."""
        if self.paused_at is not None:
            self.due_at += at - self.paused_at
            self.paused_at = None


@dataclass(frozen=True, slots=True)
class Feedback:
    """One version of a responsible unit's answer (§2.1 S5); later ones are added, none is changed.

    Attributes:
        handler: who did it; handled_at: when.
        measures, result: what was done and how it ended.
        contacted_user, visited: what the unit claims; evidence: call id, check-in or photo for that claim.
        missing: elements that were still wanting when it was handed in all the same.
        suspect: a claim without evidence (自动标疑点).
    """

    unit: str
    by: str
    at: datetime
    handler: str = ""
    handled_at: datetime | None = None
    measures: str = ""
    result: str = ""
    contacted_user: bool | None = None
    visited: bool = False
    evidence: tuple[str, ...] = ()
    attachments: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    suspect: str = ""

    @property
    def summary(self) -> str:
        """One line to be read before the callback."""
        return ";".join(part for part in (self.handler, self.measures, self.result) if part)


FEEDBACK_ELEMENTS = {
    "handler": "办理人",
    "handled_at": "时间",
    "measures": "措施",
    "result": "结果",
    "contacted_user": "是否联系用户",
}
"""What a feedback must tell, §2.1 S5."""


@dataclass(frozen=True, slots=True)
class CallbackNote:
    """One callback as it went (§3.5): the user's own rating and words, never rewritten."""

    at: datetime
    by: str
    channel: str
    verdict: str
    rating: str = ""
    words: str = ""
    reason: str = ""
    call_id: str = ""
    sms_id: str = ""
    approved_by: str = ""
    contacted: bool | None = None
    visited: bool | None = None
    resolved: bool | None = None
