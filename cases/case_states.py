"""States and moves of a case (domain rules §2.1); the table of moves stands in ``case_moves.py``."""

from dataclasses import dataclass
from enum import StrEnum

from cases.master_data import Role


class CaseState(StrEnum):
    """状态, §2.1; ``code`` is the short code of the written rules."""

    ACCEPTED = "ACCEPTED"
    SORTED = "SORTED"
    REVIEWED = "REVIEWED"
    CLARIFY = "CLARIFY"
    ASSIGNED = "ASSIGNED"
    IN_PROGRESS = "IN_PROGRESS"
    WAIT_USER = "WAIT_USER"
    EXTENDED = "EXTENDED"
    FEEDBACK = "FEEDBACK"
    CHECKING = "CHECKING"
    CALLBACK_DUE = "CALLBACK_DUE"
    RETURNED = "RETURNED"
    JUDGED = "JUDGED"
    SUPERVISED = "SUPERVISED"
    ARCHIVED = "ARCHIVED"
    VOID = "VOID"

    @property
    def facts(self) -> "StateFacts":
        """Code, Chinese name, step and responsible role."""
        return STATES[self]

    @property
    def is_final(self) -> bool:
        """Whether the case is read only."""
        return self in (CaseState.ARCHIVED, CaseState.VOID)


@dataclass(frozen=True, slots=True)
class StateFacts:
    """One row of §2.1.

    Attributes:
        code: as the written rules call it, e.g. ``S6B``.
        title: Chinese name.
        step: which of the seven steps (办法第九条); 0 for void.
        role: the one role whose turn it is (invariant ①).
        overdue: what happens to a case that stays too long.
    """

    code: str
    title: str
    step: int
    role: Role
    overdue: str


STATES: dict[CaseState, StateFacts] = {
    CaseState.ACCEPTED: StateFacts("S1", "已受理", 1, Role.AGENT, "通话结束 5 min 未保存提醒班长"),
    CaseState.SORTED: StateFacts("S2", "已分拣", 2, Role.SORTER, "P0 0 min;P1 5 min;P2 15 min"),
    CaseState.REVIEWED: StateFacts("S3", "已审核", 3, Role.SPECIALIST, "P1 10 min;P2 30 min"),
    CaseState.CLARIFY: StateFacts("S3R", "待核实", 3, Role.SPECIALIST, "2 h"),
    CaseState.ASSIGNED: StateFacts("S4", "已派单", 4, Role.UNIT_DISPATCH, "未签收 P0 3、P1 15、P2 60 min 催办"),
    CaseState.IN_PROGRESS: StateFacts("S4A", "办理中", 4, Role.UNIT_STAFF, "黄线提醒,红线督办"),
    CaseState.WAIT_USER: StateFacts("S4B", "待用户", 4, Role.UNIT_DISPATCH, "约定时间到即恢复"),
    CaseState.EXTENDED: StateFacts("S4C", "延期", 4, Role.UNIT_DISPATCH, "最多一次"),
    CaseState.FEEDBACK: StateFacts("S5", "已反馈", 5, Role.INSPECTOR, "当日取件"),
    CaseState.CHECKING: StateFacts("S6", "督查审核", 6, Role.INSPECTOR, "当日(日结日清)"),
    CaseState.CALLBACK_DUE: StateFacts("S6B", "待回访", 6, Role.CALLBACK, "16:00 仍未完成推负责人"),
    CaseState.RETURNED: StateFacts("S6R", "已退回", 6, Role.UNIT_DISPATCH, "原时限的 50%"),
    CaseState.JUDGED: StateFacts("S6J", "研判", 6, Role.INSPECTOR, "1 工作日"),
    CaseState.SUPERVISED: StateFacts("S6S", "督办", 6, Role.UNIT_DISPATCH, "到期升级客户服务分公司负责人"),
    CaseState.ARCHIVED: StateFacts("S7", "已归档", 7, Role.SYSTEM, "终态"),
    CaseState.VOID: StateFacts("SX", "已作废", 0, Role.SYSTEM, "终态"),
}


class CaseMove(StrEnum):
    """事件: what can be done to a case, §2.2 in its order; the last six are added, see ``case_moves``."""

    ANSWER_DIRECTLY = "answer_directly"
    P0_DISPATCH = "p0_dispatch"
    SAVE = "save"
    CLASSIFY = "classify"
    UNCLEAR = "unclear"
    CLARIFIED = "clarified"
    ASSIGN = "assign"
    SIGN = "sign"
    UNIT_REJECT = "unit_reject"
    TRANSFERS_EXCEEDED = "transfers_exceeded"
    WAIT_USER = "wait_user"
    EXTEND = "extend"
    RESUME = "resume"
    UNIT_DECIDED = "unit_decided"
    VOID = "void"
    FEEDBACK = "feedback"
    CHECK = "check"
    PRECHECK_FAIL = "precheck_fail"
    PRECHECK_OK = "precheck_ok"
    CB_SATISFIED = "cb_satisfied"
    CB_MISMATCH = "cb_mismatch"
    CB_DISSATISFIED_FACT_OK = "cb_dissatisfied_fact_ok"
    UNIT_FAULT = "unit_fault"
    USER_OR_OBJECTIVE = "user_or_objective"
    RESOLVED = "resolved"
    UNREACHABLE = "unreachable"
    NEW_DEMAND = "new_demand"
    REOPEN = "reopen"
    LATE_DISSATISFIED = "late_dissatisfied"
    TRANSFER = "transfer"
    SUPPLEMENT = "supplement"
    CONTACTED = "contacted"
    ARRIVED = "arrived"
    CB_REFUSED = "cb_refused"
    CB_TOLD = "cb_told"
