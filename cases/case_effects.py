"""What a move does: the state, the facts it brings, counters, limits, one event, and the moves that follow by rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cases import deadlines
from cases.address import parse_address
from cases.case import Case
from cases.case_conditions import Attempt, missing_elements
from cases.case_moves import STAYS, decide
from cases.case_records import FEEDBACK_ELEMENTS, CallbackNote, Feedback
from cases.case_states import CaseMove, CaseState
from cases.deadlines import Deadline, DeadlineRules
from cases.first_contact import TRANSFERS_JUDGED
from cases.master_data import CaseType, Role, Urgency
from cases.working_calendar import WorkingCalendar

M = CaseMove
IDENTITY_FIELDS = frozenset({"phone", "person_name"})


@dataclass(frozen=True, slots=True)
class CasePolicy:
    """The limits and the calendar that moves compute their deadlines by."""

    rules: DeadlineRules = field(default_factory=DeadlineRules)
    calendar: WorkingCalendar = field(default_factory=WorkingCalendar)


@dataclass(frozen=True, slots=True)
class Step:
    """One move that was made: by command or by rule."""

    move: CaseMove
    from_state: CaseState
    to_state: CaseState
    reason: str


def make_move(case: Case, attempt: Attempt, policy: CasePolicy) -> list[Step]:
    """Make the move, and those that follow by rule (推诿研判, 要素缺失回退).

    Raises:
        MoveRefused: see case_moves.decide; the case is as it was.
    """
    row = decide(case, attempt)
    came_from = case.state
    to_state = came_from if attempt.move in STAYS else row.to
    case.state = to_state
    if effect := _EFFECTS.get(attempt.move):
        effect(case, attempt, policy)
    _keep_limits(case, came_from, attempt, policy)
    case.record(
        attempt.move.value, by=attempt.by, role=attempt.role, at=attempt.at, from_state=came_from,
        reason=attempt.reason, detail=plain(attempt.fields),
    )  # fmt: skip
    step = Step(attempt.move, came_from, to_state, attempt.reason or row.note)
    follows = _follow_up(case, attempt)
    return [step, *(make_move(case, follows, policy) if follows else [])]


def plain(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields as JSON values for the history; who the user is stays out of it (举报人脱敏, §8)."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else list(value) if isinstance(value, tuple) else value
        for name, value in fields.items()
        if value not in (None, "") and name not in IDENTITY_FIELDS
    }


def _follow_up(case: Case, attempt: Attempt) -> Attempt | None:
    passed_on = attempt.move in (M.ASSIGN, M.TRANSFER)
    if passed_on and case.transfers >= TRANSFERS_JUDGED:
        reason = f"总流转 {case.transfers} 次,自动研判推诿"
        return Attempt(M.TRANSFERS_EXCEEDED, "system", Role.SYSTEM, attempt.at, reason)
    if attempt.move is M.CHECK and case.feedback and case.feedback.missing:
        labels = "、".join(FEEDBACK_ELEMENTS[name] for name in case.feedback.missing)
        return Attempt(M.PRECHECK_FAIL, "system", Role.SYSTEM, attempt.at, f"反馈缺:{labels}")
    return None


def _keep_limits(case: Case, came_from: CaseState, attempt: Attempt, policy: CasePolicy) -> None:
    """Stop the old state's limit and start the new one's."""
    if case.state is came_from:
        return
    case.stop_timer("T_state", attempt.at)
    if case.state.is_final:
        case.stop_all_timers(attempt.at)
        if case.state is CaseState.ARCHIVED:
            case.archived_at = attempt.at
        return
    limit = deadlines.of_state(case.state, attempt.at, case.urgency, policy.rules, policy.calendar)
    case.start_timer(limit, attempt.at)


def _take_facts(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    """Confirm what was given in this move: type, matter, urgency, words and place."""
    fields = attempt.fields
    if fields.get("case_type"):
        case.case_type = CaseType(fields["case_type"])
    elif case.case_type is None and attempt.role is Role.BOT:
        case.case_type = case.suggested_type
    if fields.get("urgency"):
        case.urgency = Urgency(fields["urgency"])
    for name in ("matter", "demand", "person_name", "household_no", "forward_number", "forward_due_at",
                 "complained_staff", "no_recording_reason"):  # fmt: skip
        if fields.get(name):
            setattr(case, name, fields[name])
    for flag in ("is_anonymous", "refuses_callback", "is_key_item", "in_dispute", "is_duplicate"):
        if flag in fields:
            setattr(case, flag, bool(fields[flag]))
    if fields.get("address"):
        place(case, str(fields["address"]))
    start_matter_limits(case, attempt.at, policy)


def place(case: Case, text: str) -> None:
    """Read an address into the case, in its written form."""
    address = parse_address(text)
    case.set_place(
        address.text, district=address.district, place_key=address.door_key, community_key=address.community_key
    )


def start_matter_limits(case: Case, at: datetime, policy: CasePolicy) -> None:
    """The natural-hour limits of a matter run from when the demand came in (§2.3), once."""
    known = {timer.name for timer in case.timers}
    rules = policy.rules
    if case.is_p0 and "T_arrive" not in known:
        case.start_timer(deadlines.arrive(case.opened_at, case.district, rules), at)
    if case.effective_matter == "HEAT_MEASURE" and "T_temp" not in known:
        case.start_timer(deadlines.temperature(case.opened_at, rules), at)
    if case.effective_matter in ("HEAT_NONE", "HEAT_LOW_TEMP", "HEAT_LEAK") and "T_repair_heat" not in known:
        case.start_timer(deadlines.heat_repair(case.opened_at, rules), at)


def _start_close(case: Case, at: datetime, policy: CasePolicy) -> None:
    if case.timer("T_close") is None:
        limit = deadlines.close(
            at, case.effective_urgency, policy.rules, policy.calendar,
            came_at=case.opened_at, forward_due_at=case.forward_due_at,
        )  # fmt: skip
        case.start_timer(limit, at)


def _answer(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _take_facts(case, attempt, policy)
    case.case_type = case.case_type or case.suggested_type
    case.answer = str(attempt.fields["answer"])


def _classify(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _take_facts(case, attempt, policy)
    _start_close(case, attempt.at, policy)


def _unclear(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.unclear_items = str(attempt.fields["unclear_items"])


def _clarified(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _take_facts(case, attempt, policy)
    _start_close(case, attempt.at, policy)


def _assign(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _give_to(case, attempt)
    case.transfers += 1
    _start_close(case, attempt.at, policy)


def _decide_unit(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _give_to(case, attempt)  # not counted: the ruling ends the passing around
    case.judged_because = ""


def _give_to(case: Case, attempt: Attempt) -> None:
    unit, co_units = str(attempt.fields["unit"]), attempt.fields.get("co_units") or ()
    case.first_unit = case.first_unit or str(attempt.fields.get("first_unit") or unit)
    case.unit, case.co_units = unit, tuple(co_units)
    handler = attempt.fields.get("handler")
    case.handler = str(handler) if handler else None
    case.assigned_at = attempt.at
    case.stop_timer("T_ruling", attempt.at)


def _p0_dispatch(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.urgency = Urgency.P0
    case.case_type = case.case_type or CaseType.EMERGENCY
    _assign(case, attempt, policy)
    rules = policy.rules
    due = attempt.at + rules.supplement
    case.start_timer(Deadline("T_supplement", due, "§2.2 分拣、审核 30 min 内补录", (due,)), attempt.at)
    start_matter_limits(case, attempt.at, policy)


def _supplement(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _take_facts(case, attempt, policy)
    case.stop_timer("T_supplement", attempt.at)


def _sign(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.start_timer(deadlines.contact(attempt.at, case.effective_urgency, policy.rules), attempt.at)


def _unit_reject(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.unit_rejects += 1
    case.unit, case.handler, case.co_units = None, None, ()
    if case.unit_rejects >= 2:
        due = attempt.at + policy.rules.ruling
        case.start_timer(Deadline("T_ruling", due, "§2.2 第二次退单,负责人 4 h 内裁定", (due,)), attempt.at)


def _judged_for_transfers(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.judged_because = "transfers"


def _contacted(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.stop_timer("T_contact", attempt.at)


def _arrived(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.stop_timer("T_arrive", attempt.at)


def _wait_user(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    if attempt.fields.get("user_confirmed"):
        for timer in case.timers:
            timer.pause(attempt.at)


def _extend(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.extensions += 1
    until = attempt.fields["due_at"]
    case.start_timer(Deadline("T_close", until, f"延期,{attempt.by} 批准", (until,)), attempt.at)


def _resume(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    for timer in case.timers:
        timer.resume(attempt.at)


def _feedback(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    fields = attempt.fields
    claims = bool(fields.get("contacted_user")) or bool(fields.get("visited"))
    evidence = tuple(fields.get("evidence") or ())
    case.add_feedback(
        Feedback(
            unit=case.unit or "",
            by=attempt.by,
            at=attempt.at,
            handler=str(fields.get("handler") or ""),
            handled_at=fields.get("handled_at"),
            measures=str(fields.get("measures") or ""),
            result=str(fields.get("result") or ""),
            contacted_user=fields.get("contacted_user"),
            visited=bool(fields.get("visited")),
            evidence=evidence,
            attachments=tuple(fields.get("attachments") or ()),
            missing=missing_elements(fields),
            suspect="声称已联系或已上门,未附通话号、到场打卡或照片" if claims and not evidence else "",
        )
    )
    for name in ("T_close", "T_temp", "T_repair_heat", "T_contact", "T_arrive", "T_supervise"):
        case.stop_timer(name, attempt.at)


def _resolved(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _feedback(case, attempt, policy)
    case.needs_person = True
    _callback_due(case, attempt, policy)


def _returned(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    first = next((timer for timer in case.timers if timer.name == "T_close"), None)
    limit = first.due_at - first.started_at if first else timedelta(days=policy.rules.close_working_days)
    case.start_timer(deadlines.returned(attempt.at, limit, policy.rules), attempt.at)
    case.stop_timer("T_callback", attempt.at)
    case.needs_person = True


def _precheck_fail(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.format_returns += 1
    _returned(case, attempt, policy)


def _precheck_ok(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    if case.state is CaseState.CALLBACK_DUE:
        _callback_due(case, attempt, policy)


def _callback_due(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.checked_at = attempt.at
    case.start_timer(deadlines.callback(attempt.at, policy.rules), attempt.at)


def _callback(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.add_callback(callback_note(attempt, attempt.move.value))
    case.stop_timer("T_callback", attempt.at)


def callback_note(attempt: Attempt, verdict: str) -> CallbackNote:
    """A callback's note from the fields of an attempt."""
    fields = attempt.fields
    return CallbackNote(
        at=attempt.at,
        by=attempt.by,
        channel=str(fields.get("channel") or ""),
        verdict=verdict,
        rating=str(fields.get("rating") or ""),
        words=str(fields.get("words") or ""),
        reason=attempt.reason,
        call_id=str(fields.get("call_id") or ""),
        approved_by=str(fields.get("approved_by") or ""),
        sms_id=str(fields.get("sms_id") or ""),
        contacted=fields.get("contacted"),
        visited=fields.get("visited"),
        resolved=fields.get("resolved"),
    )


def _mismatch(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _callback(case, attempt, policy)
    case.mismatch_count += 1
    if case.state is CaseState.RETURNED:
        _returned(case, attempt, policy)
    else:
        case.judged_because = "mismatch"


def _dissatisfied(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _callback(case, attempt, policy)
    case.judged_because = "dissatisfied"


def _unit_fault(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.supervision_number = str(attempt.fields["supervision_number"])
    case.was_supervised = True
    due = attempt.fields["due_at"]
    case.start_timer(Deadline("T_supervise", due, f"督办单 {case.supervision_number}", (due,)), attempt.at)


def _unreachable(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _callback(case, attempt, policy)
    case.approve_unreached(str(attempt.fields.get("approved_by") or ""))


def _refused(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    _callback(case, attempt, policy)
    case.refuses_callback = True


def _late(case: Case, attempt: Attempt, policy: CasePolicy) -> None:
    case.late_dissatisfied = True  # the archived rating stays as it is


Effect = Callable[[Case, Attempt, CasePolicy], None]
_EFFECTS: dict[CaseMove, Effect] = {
    M.ANSWER_DIRECTLY: _answer,
    M.P0_DISPATCH: _p0_dispatch,
    M.SAVE: _take_facts,
    M.CLASSIFY: _classify,
    M.UNCLEAR: _unclear,
    M.CLARIFIED: _clarified,
    M.ASSIGN: _assign,
    M.TRANSFER: _assign,
    M.SIGN: _sign,
    M.UNIT_REJECT: _unit_reject,
    M.TRANSFERS_EXCEEDED: _judged_for_transfers,
    M.CONTACTED: _contacted,
    M.ARRIVED: _arrived,
    M.SUPPLEMENT: _supplement,
    M.WAIT_USER: _wait_user,
    M.EXTEND: _extend,
    M.RESUME: _resume,
    M.UNIT_DECIDED: _decide_unit,
    M.FEEDBACK: _feedback,
    M.PRECHECK_FAIL: _precheck_fail,
    M.PRECHECK_OK: _precheck_ok,
    M.CB_SATISFIED: _callback,
    M.CB_MISMATCH: _mismatch,
    M.CB_DISSATISFIED_FACT_OK: _dissatisfied,
    M.UNIT_FAULT: _unit_fault,
    M.RESOLVED: _resolved,
    M.UNREACHABLE: _unreachable,
    M.CB_REFUSED: _refused,
    M.CB_TOLD: _callback,
    M.LATE_DISSATISFIED: _late,
}
