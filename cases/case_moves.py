"""The moves of a case: ONE table, domain rules §2.2 row by row; code, tests and documents read it.

For a state and a move the first row whose ``when`` holds is the one; its roles, fields and needs then decide. A refusal
says in Chinese what is wrong and by which rule. Six moves are added to the written table because other rules speak of
them: ``transfer`` (转派, §2.4), ``supplement`` (补录 after p0_dispatch), ``contacted`` and ``arrived`` (what T_contact
and T_arrive are stopped by), ``cb_refused`` (用户拒访, a term of the coverage equation of §3.1, with the user's words
and the approval of the person in charge, as 未联系上 has it) and ``cb_told`` (row 16 of §3.1: a suggestion's user is
told by SMS what became of it; only dissatisfaction calls for a person).
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from cases.case import Case
from cases.case_conditions import (
    Attempt,
    Need,
    Test,
    always,
    archive_needs,
    fact_needs,
    is_first_mismatch,
    is_repeated_mismatch,
    needs_callback,
    needs_no_callback,
)
from cases.case_states import CaseMove, CaseState
from cases.errors import MoveRefused
from cases.master_data import Role

S, M, R = CaseState, CaseMove, Role


@dataclass(frozen=True, slots=True)
class Transition:
    """One row.

    Attributes:
        states: from any of these.
        move, to: what happens and where it leads.
        roles: who may.
        fields: what must be given, name → Chinese name.
        when: chooses between rows of the same state and move.
        needs: further conditions, each with its own refusal.
        note: side effects and remarks, for the reader.
        rule: where it is written.
        asks_reason: the mover must say why.
    """

    states: tuple[CaseState, ...]
    move: CaseMove
    to: CaseState
    roles: tuple[Role, ...]
    fields: Mapping[str, str] = field(default_factory=dict)
    when: Test = always
    needs: tuple[Need, ...] = ()
    note: str = ""
    rule: str = "§2.2"
    asks_reason: bool = False


_BEFORE_ARCHIVE = tuple(state for state in S if not state.is_final)
_DESK = (R.AGENT, R.SHIFT_LEAD)
_UNIT = (R.UNIT_DISPATCH, R.UNIT_STAFF, R.RESCUE)
_CHECKERS = (R.INSPECTOR, R.CALLBACK)

INITIAL = CaseState.ACCEPTED
"""create: 首问责任人=建单人;写审计;重复检测."""

TRANSITIONS: tuple[Transition, ...] = (
    Transition((S.ACCEPTED,), M.ANSWER_DIRECTLY, S.ARCHIVED, (*_DESK, R.BOT), {"answer": "答复内容"},
               needs=(fact_needs.directly_answerable, fact_needs.not_p0), note="通话末引导评价"),
    Transition((S.ACCEPTED,), M.P0_DISPATCH, S.ASSIGNED, (*_DESK, R.RESCUE),
               {"unit": "抢修单位", "received_by": "接派人", "told_at": "电话派出时间"},
               needs=(fact_needs.is_p0, fact_needs.repeated_back), note="分拣、审核 30 min 内补录"),
    Transition((S.ACCEPTED,), M.SAVE, S.SORTED, (*_DESK, R.BOT),
               needs=(fact_needs.type_known, fact_needs.demand_known, fact_needs.phone_known,
                      fact_needs.address_known, fact_needs.recording_known),
               note="命中 P0 同时触发预警判断"),
    Transition((S.SORTED,), M.CLASSIFY, S.REVIEWED, (R.SORTER, R.SHIFT_LEAD),
               needs=(fact_needs.sorted_known, fact_needs.forward_checked), note="重复判定"),
    Transition((S.SORTED, S.REVIEWED), M.UNCLEAR, S.CLARIFY, (R.SORTER, R.SPECIALIST),
               {"unclear_items": "不清事项"}, note="转办件联系来件单位;其他联系用户", rule="办法第十条(二)"),
    Transition((S.CLARIFY,), M.CLARIFIED, S.REVIEWED, (R.SPECIALIST,), {"contact_record": "联系记录"}),
    Transition((S.REVIEWED,), M.ASSIGN, S.ASSIGNED, (R.SPECIALIST, R.MANAGER), {"unit": "责任单位"},
               needs=(fact_needs.manager_rules, fact_needs.first_unit_leads, fact_needs.not_the_complained),
               note="涉及≥2 单位:主办=首问单位,其余协办;transfers+1"),
    Transition((S.ASSIGNED, S.IN_PROGRESS), M.TRANSFER, S.ASSIGNED, (R.SPECIALIST, R.MANAGER), {"unit": "责任单位"},
               needs=(fact_needs.another_unit, fact_needs.not_the_complained),
               note="转派不解除首问责任;transfers+1", rule="§2.4", asks_reason=True),
    Transition((S.ASSIGNED,), M.SIGN, S.IN_PROGRESS, _UNIT),
    Transition((S.ASSIGNED,), M.UNIT_REJECT, S.REVIEWED, (R.UNIT_DISPATCH,), {"grounds": "退单依据"},
               needs=(fact_needs.rejects_left, fact_needs.in_reject_time),
               note="unit_rejects+1;第二次退单→负责人 4 h 内裁定"),
    Transition((S.REVIEWED, S.ASSIGNED, S.IN_PROGRESS), M.TRANSFERS_EXCEEDED, S.JUDGED, (R.SYSTEM,),
               needs=(fact_needs.four_transfers,), note="总流转≥4 次自动研判推诿"),
    Transition((S.ASSIGNED, S.IN_PROGRESS), M.CONTACTED, S.ASSIGNED, _UNIT, {"contacted_at": "联系用户时间"},
               note="停 T_contact;不改状态", rule="§2.3"),
    Transition((S.ASSIGNED, S.IN_PROGRESS), M.ARRIVED, S.ASSIGNED, _UNIT, {"arrived_at": "到场时间"},
               note="停 T_arrive;不改状态", rule="§2.3"),
    Transition((S.ASSIGNED, S.IN_PROGRESS), M.SUPPLEMENT, S.ASSIGNED, (R.SORTER, R.SPECIALIST, *_DESK),
               needs=(fact_needs.is_p0, fact_needs.sorted_known), note="p0_dispatch 后补录;不改状态"),
    Transition((S.IN_PROGRESS,), M.WAIT_USER, S.WAIT_USER, (R.UNIT_DISPATCH,),
               {"user_informed": "用户知情", "approved_by": "批准人"}, asks_reason=True,
               note="用户确认时计时暂停", rule="§2.1 S4B"),
    Transition((S.IN_PROGRESS,), M.EXTEND, S.EXTENDED, (R.MANAGER,),
               {"user_informed": "用户知情", "due_at": "延至"},
               needs=(fact_needs.one_extension, fact_needs.later_limit), asks_reason=True, rule="§2.1 S4C"),
    Transition((S.WAIT_USER, S.EXTENDED), M.RESUME, S.IN_PROGRESS, (R.UNIT_DISPATCH,)),
    Transition((S.JUDGED,), M.UNIT_DECIDED, S.ASSIGNED, (R.INSPECTOR, R.MANAGER), {"unit": "责任单位"},
               needs=(fact_needs.judged_for_transfers, fact_needs.not_the_complained)),
    Transition(_BEFORE_ARCHIVE, M.VOID, S.VOID, (R.SHIFT_LEAD,), asks_reason=True),
    Transition((S.IN_PROGRESS, S.RETURNED), M.FEEDBACK, S.FEEDBACK, _UNIT,
               needs=(fact_needs.feedback_complete,), note="反馈只追加版本;退回后重新反馈必须人工回访"),
    Transition((S.FEEDBACK,), M.CHECK, S.CHECKING, _CHECKERS, note="要素缺失的自动 precheck_fail"),
    Transition((S.CHECKING,), M.PRECHECK_FAIL, S.RETURNED, (*_CHECKERS, R.SYSTEM), asks_reason=True,
               note="format_returns+1,不计入研判", rule="办法第十一条"),
    Transition((S.CHECKING,), M.PRECHECK_OK, S.CALLBACK_DUE, _CHECKERS, when=needs_callback,
               needs=(fact_needs.feedback_whole, fact_needs.sorted_known), note="开始 T_callback"),
    Transition((S.CHECKING,), M.PRECHECK_OK, S.ARCHIVED, _CHECKERS, when=needs_no_callback,
               needs=(fact_needs.feedback_whole, fact_needs.sorted_known, *archive_needs), note="不需回访",
               rule="办法第十一条(一)"),
    Transition((S.CALLBACK_DUE,), M.CB_SATISFIED, S.ARCHIVED, (R.CALLBACK, R.BOT), {"rating": "用户评价"},
               needs=(fact_needs.rating_satisfied, fact_needs.person_where_needed, fact_needs.rating_evidence,
                      fact_needs.not_by_the_complained, *archive_needs)),
    Transition((S.CALLBACK_DUE,), M.CB_MISMATCH, S.RETURNED, (R.CALLBACK,), when=is_first_mismatch,
               needs=(fact_needs.not_by_the_complained,), asks_reason=True,
               note="第一遍退回;mismatch_count+1", rule="办法第十一条"),
    Transition((S.CALLBACK_DUE,), M.CB_MISMATCH, S.JUDGED, (R.CALLBACK,), when=is_repeated_mismatch,
               needs=(fact_needs.not_by_the_complained,), asks_reason=True, note="第二遍研判", rule="办法第十一条"),
    Transition((S.CALLBACK_DUE,), M.CB_DISSATISFIED_FACT_OK, S.JUDGED, (R.CALLBACK,),
               needs=(fact_needs.not_by_the_complained,), asks_reason=True, note="解释归档或督办"),
    Transition((S.JUDGED,), M.UNIT_FAULT, S.SUPERVISED, (R.INSPECTOR,),
               {"supervision_number": "督办单号", "due_at": "督办期限", "assessment": "考核项"}, asks_reason=True,
               rule="办法第十一条"),
    Transition((S.JUDGED,), M.USER_OR_OBJECTIVE, S.ARCHIVED, (R.INSPECTOR,),
               {"grounds": "依据", "explanation": "向用户解释的记录"}, needs=archive_needs, note="评价照实"),
    Transition((S.SUPERVISED,), M.RESOLVED, S.CALLBACK_DUE, (R.UNIT_DISPATCH, R.INSPECTOR),
               needs=(fact_needs.feedback_complete, fact_needs.feedback_given), note="人工回访"),
    Transition((S.CALLBACK_DUE,), M.UNREACHABLE, S.ARCHIVED, (R.CALLBACK, R.BOT),
               needs=(fact_needs.tried_enough, fact_needs.unreached_approved, fact_needs.feedback_exists,
                      fact_needs.not_p0_by_bot)),
    Transition((S.CALLBACK_DUE,), M.CB_REFUSED, S.ARCHIVED, (R.CALLBACK, R.MANAGER),
               {"words": "用户原话", "approved_by": "批准人"},
               needs=(fact_needs.not_by_the_complained, fact_needs.feedback_exists),
               note="用户拒访,附原话,经负责人批准;登记免回访", rule="§3.1 全覆盖校验"),
    Transition((S.CALLBACK_DUE,), M.CB_TOLD, S.ARCHIVED, (R.BOT,), {"sms_id": "短信号"},
               needs=(fact_needs.is_suggestion, fact_needs.person_where_needed, fact_needs.feedback_exists),
               note="短信告知采纳情况已送达;不满意才人工", rule="§3.1 #16"),
    Transition((S.CALLBACK_DUE,), M.NEW_DEMAND, S.CALLBACK_DUE, (R.CALLBACK,), {"demand": "新诉求"},
               note="以 PATROL 来源新建,parent=原单;原单按其自身评价归档", rule="办法第十一条"),
    Transition((S.ARCHIVED,), M.REOPEN, S.ARCHIVED, (R.AGENT, R.CALLBACK, R.INSPECTOR, R.SHIFT_LEAD),
               {"demand": "诉求"}, asks_reason=True, note="新单;原单只读"),
    Transition((S.ARCHIVED,), M.LATE_DISSATISFIED, S.ARCHIVED, (R.BOT, R.CALLBACK, R.SYSTEM), {"words": "用户原话"},
               note="挂“迟到不满意”人工任务,原评价不改"),
)  # fmt: skip

STAYS = frozenset({M.CONTACTED, M.ARRIVED, M.SUPPLEMENT})
"""Moves that leave the state as it was, whatever the row's ``to``."""


def decide(case: Case, attempt: Attempt) -> Transition:
    """The row by which this attempt goes through.

    Raises:
        MoveRefused: no row, wrong role, something missing, or a condition that does not hold; with reason and rule.
    """
    rows = [row for row in TRANSITIONS if case.state in row.states and row.move is attempt.move]
    if not rows:
        facts = case.state.facts
        raise _refused(case, attempt, f"“{facts.title}”({facts.code})的工单不能做“{attempt.move}”", "§2.2")
    row = next((row for row in rows if row.when(case, attempt)), rows[-1])
    if attempt.role not in row.roles:
        allowed = "、".join(role.label for role in row.roles)
        raise _refused(case, attempt, f"“{attempt.move}”只能由{allowed}操作", row.rule)
    if row.to.is_final and attempt.role in (R.BOT, R.SYSTEM) and case.is_p0:
        raise _refused(case, attempt, "P0 工单不能由机器人关闭", "§2.2 不变量④")
    missing = [name for name in row.fields if not attempt.fields.get(name)]
    if row.asks_reason and not attempt.reason.strip():
        missing.append("reason")
    if missing:
        names = "、".join(row.fields.get(name, "原因") for name in missing)
        raise _refused(case, attempt, f"缺少:{names}", row.rule, tuple(missing))
    for need in row.needs:
        if refusal := need(case, attempt):
            raise _refused(case, attempt, refusal.reason, refusal.rule or row.rule, refusal.missing)
    return row


def allowed_moves(case: Case, role: Role) -> tuple[CaseMove, ...]:
    """What this role may try now; whether it goes through depends on what is given."""
    found = [row.move for row in TRANSITIONS if case.state in row.states and role in row.roles]
    return tuple(dict.fromkeys(found))


def as_markdown() -> str:
    """The table for people: ``docs/case-moves.md``, which a test holds equal to it."""
    lines = [
        "# 工单状态与迁移",
        "",
        "由 `cases/case_moves.py` 的表生成:`python -m cases.case_moves > docs/case-moves.md`。",
        "",
        "| 从 | 事件 | 到 | 谁 | 必填 | 说明 | 依据 |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in TRANSITIONS:
        came_from = "归档前任意态" if row.states == _BEFORE_ARCHIVE else "/".join(s.facts.code for s in row.states)
        to = "不变" if row.move in STAYS else f"{row.to.facts.code} {row.to.facts.title}"
        wanted = [*row.fields.values(), *(["原因"] if row.asks_reason else [])]
        cells = (came_from, f"`{row.move}`", to, "、".join(role.label for role in row.roles), "、".join(wanted),
                 row.note, row.rule)  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _refused(case: Case, attempt: Attempt, reason: str, rule: str, missing: tuple[str, ...] = ()) -> MoveRefused:
    return MoveRefused(case.state.value, attempt.move.value, reason, rule, missing)


if __name__ == "__main__":
    sys.stdout.write(as_markdown())
