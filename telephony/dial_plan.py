"""What happens to a dialled number before any business is asked: a small table of patterns."""

import re
from dataclasses import dataclass
from enum import Enum

from vocabulary.audio_frame import AudioFile


class PlanAction(Enum):
    """What a dialled number does."""

    HOTLINE = "hotline"  # the reception of the hotline
    PHONE_CODE = "phone_code"  # a code that a registered phone dials, e.g. *11
    PROMPT = "prompt"  # answers and plays a file for ever
    SEAT = "seat"  # rings one fixed phone, then bridges
    WAIT = "wait"  # answers and waits


@dataclass(frozen=True, slots=True)
class PlanRow:
    """One row; the first that matches decides.

    Attributes:
        pattern: regular expression on the whole dialled user part.
        action: see PlanAction.
        prompt: what PROMPT plays.
        seat: whom SEAT rings: an account, or ``user@host:port`` of a phone that does not register.
        record: whether SEAT is recorded.
        ring_s: how long SEAT rings.
        from_trunks: callers from trunks may dial it.
        from_phones: registered phones may dial it.
    """

    pattern: str
    action: PlanAction
    prompt: AudioFile | None = None
    seat: str = ""
    record: bool = True
    ring_s: float = 30.0
    from_trunks: bool = True
    from_phones: bool = True


@dataclass(frozen=True, slots=True)
class PlanDecision:
    """What a dialled number does; ``row`` is None for an unknown number.

    Attributes:
        row: the row that decided.
        reason: for the log.
    """

    row: PlanRow | None
    reason: str


@dataclass(frozen=True, slots=True)
class DialPlan:
    """The table, in order."""

    rows: tuple[PlanRow, ...]

    def decide(self, dialled: str, *, from_trunk: bool) -> PlanDecision:
        """Find the row for a dialled number.

        Args:
            dialled: user part of the request URI.
            from_trunk: it came by a trunk, not from a registered phone.
        """
        for row in self.rows:
            if not re.fullmatch(row.pattern, dialled):
                continue
            if from_trunk and not row.from_trunks:
                return PlanDecision(None, f"{row.pattern!r} is not for callers from trunks")
            if not from_trunk and not row.from_phones:
                return PlanDecision(None, f"{row.pattern!r} is not for registered phones")
            return PlanDecision(row, f"{row.pattern!r} is {row.action.value}")
        return PlanDecision(None, "no row of the dial plan matches")


HOTLINE_PLAN = DialPlan(
    (
        PlanRow(r"\*.*", PlanAction.PHONE_CODE, from_trunks=False),
        PlanRow(r"(?:0?532)?96556", PlanAction.HOTLINE),
    )
)
"""The plan of a fresh installation: the hotline's number, and codes for registered phones."""
