"""Cases as they stand in each state, and attempts that hold everything a move may ask for."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cases.case import Case
from cases.case_conditions import Attempt
from cases.case_effects import CasePolicy, make_move
from cases.case_records import CallbackNote, CaseCall, Feedback
from cases.case_states import CaseMove, CaseState
from cases.commands import MoveCommand
from cases.errors import MoveRefused
from cases.intake import IntakeCommand
from cases.master_data import CaseType, Role, Source, Urgency
from cases.services import CaseServices
from vocabulary.phone_number import PhoneNumber

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

WHOLE: dict[str, Any] = {
    "answer": "每平方米 30.4 元", "unit": "市北供热", "received_by": "孙调度", "told_at": NOW, "repeated_back": True,
    "unclear_items": "地址", "contact_record": "已电话核实", "grounds": "不属本单位管网", "contacted_at": NOW,
    "arrived_at": NOW, "user_informed": True, "approved_by": "周经理", "due_at": NOW + timedelta(days=2),
    "handler": "孙师傅", "handled_at": NOW, "measures": "排气", "result": "已热", "contacted_user": True,
    "evidence": ("call-9",), "rating": "满意", "call_id": "cb-1", "channel": "human", "supervision_number": "DB-1",
    "assessment": "未按时办理", "explanation": "已解释", "attempts": 3, "windows": 2, "sms_sent": True,
    "demand": "楼道灯不亮", "words": "还是凉", "matter": "HEAT_NONE", "urgency": "P2", "case_type": "HELP",
    "sms_id": "S1",
}  # fmt: skip


def case_in(state: CaseState, **given: Any) -> Case:
    """A case that has everything it should have by then."""
    case = Case(
        number="RX20261124-0001", source=Source.PHONE, opened_at=NOW - timedelta(hours=3), updated_at=NOW,
        first_contact="li", state=state, case_type=CaseType.HELP, matter="HEAT_NONE", urgency=Urgency.P2,
        phone_key="k" * 64, address="延吉路12号3单元502", demand="暖气不热", assigned_at=NOW,
    )  # fmt: skip
    case.calls.append(CaseCall(case.number, "call-1", NOW, "rec-1"))
    if state not in (CaseState.ACCEPTED, CaseState.SORTED, CaseState.REVIEWED, CaseState.CLARIFY):
        case.unit = case.first_unit = "开发区供热"
    if state in (CaseState.FEEDBACK, CaseState.CHECKING, CaseState.CALLBACK_DUE, CaseState.JUDGED, CaseState.RETURNED):
        case.add_feedback(Feedback("市北供热", "zhao", NOW, "孙师傅", NOW, "排气", "已热", True, evidence=("c",)))
    if state is CaseState.JUDGED:
        case.add_callback(CallbackNote(NOW, "qian", "human", "cb_mismatch"))
    for name, value in given.items():
        setattr(case, name, value)
    return case


def attempt(move: CaseMove, role: Role, fields: Mapping[str, Any] = WHOLE, reason: str = "按规定") -> Attempt:
    return Attempt(move, "zhao", role, NOW, reason, fields)


def refused(case: Case, move: CaseMove, role: Role, fields: Mapping[str, Any] = WHOLE) -> str:
    """Why the move is refused, and by which rule."""
    with pytest.raises(MoveRefused) as error:
        make_move(case, attempt(move, role, fields), CasePolicy())
    return f"{error.value.reason}|{error.value.rule}"


MOBILE = PhoneNumber("+8613800001234")
FIXED = PhoneNumber("+8653285551234")


def intake(command_id: str = "c1", **given: Any) -> IntakeCommand:
    """A cold flat, told by telephone."""
    usual: dict[str, Any] = {
        "source": Source.PHONE, "by": "li", "call_id": f"call-{command_id}", "caller": MOBILE, "person_name": "王女士",
        "address": "市北区延吉路12号三单元五零二", "demand": "暖气一点都不热", "case_type": CaseType.HELP,
        "matter": "HEAT_NONE", "urgency": Urgency.P2,
    }  # fmt: skip
    return IntakeCommand(command_id=command_id, **(usual | given))


async def go(services: CaseServices, number: str, event: CaseMove, role: Role, **fields: Any) -> CaseState:
    """One move with a reason; where it led."""
    return (await services.move(MoveCommand(number, event, "zhao", role, "按规定办理", fields))).to_state


async def to_callback(services: CaseServices, number: str) -> None:
    """Take a fresh case along the main path until a callback is due."""
    await go(services, number, CaseMove.SAVE, Role.AGENT)
    await go(services, number, CaseMove.CLASSIFY, Role.SORTER)
    await go(services, number, CaseMove.ASSIGN, Role.SPECIALIST, unit="市北供热")
    await go(services, number, CaseMove.SIGN, Role.UNIT_DISPATCH)
    feedback = {name: WHOLE[name] for name in ("handler", "handled_at", "measures", "result", "contacted_user")}
    await go(services, number, CaseMove.FEEDBACK, Role.UNIT_DISPATCH, evidence=("call-9",), **feedback)
    await go(services, number, CaseMove.CHECK, Role.INSPECTOR)
    assert await go(services, number, CaseMove.PRECHECK_OK, Role.INSPECTOR) is CaseState.CALLBACK_DUE
