"""What people and machines ask of a case that exists; ``intake.py`` holds what makes one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from cases.case_states import CaseMove, CaseState
from cases.master_data import Role

FieldValue = str | bool | int | datetime | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class MoveCommand:
    """Move a case along the table of §2.2.

    Attributes:
        case_number: the case.
        event: which move.
        by: who: a staff identifier, ``bot`` or ``system``.
        role: in which role; who may stand in for whom is decided before (access), and noted in ``acting_for``.
        reason: in the mover's words; some moves insist on it.
        fields: what the move needs, by name; ``case_moves`` says which, and a refusal names the missing.
        expected_version: of the case as the mover saw it; None: whatever it is now (machines).
        command_id: the same id again changes nothing; None for moves that are refused anyway the second time.
        acting_for: who is stood in for (§1.5: 代行留痕).
    """

    case_number: str
    event: CaseMove
    by: str
    role: Role
    reason: str = ""
    fields: Mapping[str, FieldValue] = field(default_factory=dict)
    expected_version: int | None = None
    command_id: str | None = None
    acting_for: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """What a move did.

    Attributes:
        case_number: the case that moved.
        from_state, to_state: equal for moves that only add something.
        version: of the case now.
        new_case: number of a case that the move brought forth (new_demand, reopen).
        reason: why it went where it went, in Chinese.
    """

    case_number: str
    from_state: CaseState
    to_state: CaseState
    version: int
    new_case: str | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class P0Dispatch:
    """Send the rescue team in one step (§2.2 p0_dispatch, §10): told by telephone, repeated back, then written.

    Attributes:
        case_number: a P0 case that was accepted and not yet dispatched.
        unit: the rescue unit.
        received_by: who took it there (接派人); ``told_at`` when, aware UTC.
        repeated_back: the other side said the address and the danger back (复述确认).
        by, role: who dispatched: AGENT, SHIFT_LEAD or RESCUE.
        call_id: the call in which it was said, if through this program.
    """

    case_number: str
    unit: str
    received_by: str
    told_at: datetime
    repeated_back: bool
    by: str
    role: Role = Role.AGENT
    call_id: str = ""
    expected_version: int | None = None


class CallbackVerdict(StrEnum):
    """What a finished callback means for its case."""

    SATISFIED = "satisfied"
    """Solved, and rated 满意 or 基本满意: archived."""
    MISMATCH = "mismatch"
    """A person verified that the feedback does not match the facts: returned, the second time judged."""
    DISSATISFIED_FACT_OK = "dissatisfied_fact_ok"
    """The feedback is true and the user dissatisfied all the same: judged."""
    UNREACHABLE = "unreachable"
    """Nobody reached after all the attempts that the rules ask for."""
    REFUSED = "refused"
    """The user does not want to be asked (用户拒访); the person in charge has approved it."""
    TOLD = "told"
    """A suggestion's user was told by SMS what became of it (§3.1 row 16); nobody is asked."""
    NEEDS_PERSON = "needs_person"
    """No verdict: a machine heard 不满意, something unclear or the wish for a person. The case stays due and is
    marked so that only a person can finish it."""


@dataclass(frozen=True, slots=True)
class CallbackResult:
    """How a callback ended, for its case (§3.5).

    Attributes:
        case_number: the case asked about.
        verdict: what it means.
        by: staff identifier, ``bot`` (AI voice) or ``sms``; role BOT for the last two.
        role: CALLBACK, or BOT.
        channel: ``human``, ``ai`` or ``sms``.
        rating: 满意, 基本满意 or 不满意 as the user gave it; "" if none.
        words: what the user said or wrote.
        reason: for a return or judgement: the code and why (§3.5).
        call_id, sms_id: the evidence; staff entering a rating need a call (invariant ⑥).
        attempts, windows, sms_sent, approved_by: for UNREACHABLE: how often, in how many different windows, whether the
            last try also went by SMS, and who approved (REFUSED too).
        sms_dissatisfied: with NEEDS_PERSON: an SMS said so (row 8 of §3.1 then holds).
        contacted, visited, resolved: what the user said to the three questions; None if not asked.
        expected_version: see MoveCommand.
    """

    case_number: str
    verdict: CallbackVerdict
    by: str
    role: Role
    channel: str
    rating: str = ""
    words: str = ""
    reason: str = ""
    call_id: str = ""
    sms_id: str = ""
    attempts: int = 0
    windows: int = 0
    sms_sent: bool = False
    approved_by: str = ""
    sms_dissatisfied: bool = False
    contacted: bool | None = None
    visited: bool | None = None
    resolved: bool | None = None
    expected_version: int | None = None
