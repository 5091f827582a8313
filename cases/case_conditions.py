"""The conditions of the table of moves: each looks at the case and the attempt and returns its refusal, or None."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from cases.case import Case
from cases.case_records import FEEDBACK_ELEMENTS
from cases.case_states import CaseMove
from cases.commands import CallbackResult, CallbackVerdict
from cases.master_data import ANSWERED_DIRECTLY, CaseType, Role, Source

REJECT_WITHIN = timedelta(minutes=30)
"""How long a unit may reject an assignment (§2.2 unit_reject)."""
UNREACHED_ATTEMPTS = 3
UNREACHED_WINDOWS = 2
"""Tries, and different windows among them, before 未联系上 (§2.2 unreachable)."""
SATISFIED_RATINGS = frozenset({"非常满意", "满意", "基本满意"})
"""Ratings that count as satisfied (§3.6, §7)."""
_STAFF_ROLES = frozenset(Role) - {Role.BOT, Role.SYSTEM}


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to move a case: what was given, by whom, in which role, when (aware UTC)."""

    move: CaseMove
    by: str
    role: Role
    at: datetime
    reason: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why not; ``rule`` "" means the row's own rule."""

    reason: str
    rule: str = ""
    missing: tuple[str, ...] = ()


Test = Callable[[Case, Attempt], bool]
Need = Callable[[Case, Attempt], Refusal | None]


def always(case: Case, attempt: Attempt) -> bool:
    """The only row of its state and move."""
    return True


def needs_callback(case: Case, attempt: Attempt) -> bool:
    """Somebody is to be asked (§3.1 but rows 1 and 2)."""
    return not case.callback_exemption


def needs_no_callback(case: Case, attempt: Attempt) -> bool:
    """Nobody is to be asked."""
    return bool(case.callback_exemption)


def is_first_mismatch(case: Case, attempt: Attempt) -> bool:
    """第一遍退回."""
    return case.mismatch_count == 0


def is_repeated_mismatch(case: Case, attempt: Attempt) -> bool:
    """第二遍研判."""
    return case.mismatch_count >= 1


def given(attempt: Attempt, name: str, otherwise: Any) -> Any:
    """A field of the attempt, else what the case holds."""
    value = attempt.fields.get(name)
    return otherwise if value in (None, "") else value


class FactNeeds:
    """Every condition by name; stateless."""

    def directly_answerable(self, case: Case, attempt: Attempt) -> Refusal | None:
        """CONSULT, PRAISE and OTHER only."""
        kind = given(attempt, "case_type", case.effective_type)
        if kind is not None and CaseType(kind) in ANSWERED_DIRECTLY:
            return None
        return Refusal("只有咨询、表扬、无效件可以直接答复归档", "§1.1、§2.2")

    def not_p0(self, case: Case, attempt: Attempt) -> Refusal | None:
        """A danger is never closed at the desk."""
        return Refusal("P0 工单须派抢修,不能直接答复", "§1.4") if case.is_p0 else None

    def is_p0(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Only P0."""
        return None if case.is_p0 else Refusal("仅 P0 工单可以一步派抢修或补录", "§2.2 p0_dispatch")

    def repeated_back(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Confirmed by both sides."""
        if attempt.fields.get("repeated_back") is True:
            return None
        return Refusal("电话派抢修须对方复述确认(双向)", "§2.2 p0_dispatch", ("repeated_back",))

    def type_known(self, case: Case, attempt: Attempt) -> Refusal | None:
        """来件类型; the machine may save with what it suggests, and a sorter confirms."""
        if given(attempt, "case_type", case.case_type) is not None:
            return None
        if attempt.role is Role.BOT and case.suggested_type is not None:
            return None
        return Refusal("缺少:来件类型", "§2.1 S1", ("case_type",))

    def demand_known(self, case: Case, attempt: Attempt) -> Refusal | None:
        """诉求."""
        return None if given(attempt, "demand", case.demand) else Refusal("缺少:诉求", "§2.1 S1", ("demand",))

    def phone_known(self, case: Case, attempt: Attempt) -> Refusal | None:
        """联系电话, unless the user declines to give one."""
        known = case.phone_key or case.identity_withheld or case.is_anonymous
        if known or attempt.fields.get("phone") or attempt.fields.get("is_anonymous"):
            return None
        return Refusal("缺少:联系电话(用户不愿提供的,标明匿名)", "§2.1 S1", ("phone",))

    def address_known(self, case: Case, attempt: Attempt) -> Refusal | None:
        """地址,咨询可空."""
        kind = given(attempt, "case_type", case.effective_type)
        if kind == CaseType.CONSULT or given(attempt, "address", case.address):
            return None
        return Refusal("缺少:地址(仅咨询可空)", "§2.1 S1", ("address",))

    def recording_known(self, case: Case, attempt: Attempt) -> Refusal | None:
        """录音号 of a telephone case: the call it belongs to, or why there is none."""
        known = case.calls or given(attempt, "no_recording_reason", case.no_recording_reason)
        if case.source is not Source.PHONE or known:
            return None
        return Refusal("缺少:录音号或无录音的原因", "§2.1 S1、§3.8", ("recording_id",))

    def sorted_known(self, case: Case, attempt: Attempt) -> Refusal | None:
        """二级事项 and 紧急度, confirmed by a person."""
        labels = {"matter": "二级事项", "urgency": "紧急度", "case_type": "来件类型"}
        missing = tuple(name for name in labels if given(attempt, name, getattr(case, name)) is None)
        if not missing:
            return None
        return Refusal("缺少:" + "、".join(labels[name] for name in missing), "§2.1 S2", missing)

    def forward_checked(self, case: Case, attempt: Attempt) -> Refusal | None:
        """转办件核对来件编号、时限."""
        labels = {"forward_number": "来件编号", "forward_due_at": "来件时限"}
        missing = tuple(name for name in labels if not given(attempt, name, getattr(case, name)))
        if not case.source.is_forwarded or not missing:
            return None
        return Refusal("转办件缺少:" + "、".join(labels[name] for name in missing), "§1.2、§2.2", missing)

    def manager_rules(self, case: Case, attempt: Attempt) -> Refusal | None:
        """After the second unit reject only the manager decides; before it, only the specialist assigns."""
        if case.unit_rejects >= 2 and attempt.role is not Role.MANAGER:
            return Refusal("单位第二次退单,由热线中心负责人裁定责任单位", "§2.2 unit_reject")
        if case.unit_rejects < 2 and attempt.role is Role.MANAGER:
            return Refusal("未到裁定环节,由专业席派单", "§2.1 S3")
        return None

    def first_unit_leads(self, case: Case, attempt: Attempt) -> Refusal | None:
        """涉及两个以上单位:主办=首问单位."""
        first = case.first_unit or given(attempt, "first_unit", attempt.fields.get("unit"))
        if attempt.fields.get("co_units") and attempt.fields.get("unit") != first and case.unit_rejects < 2:
            return Refusal(f"涉及两个以上单位的,主办单位应为首问单位({first})", "办法第三条(五)、§2.4")
        return None

    def not_the_complained(self, case: Case, attempt: Attempt) -> Refusal | None:
        """A complaint is not given to the person it is about."""
        handler = attempt.fields.get("handler")
        if case.complained_staff and handler == case.complained_staff:
            return Refusal("投诉件不得派给被投诉人本人", "§1.1 COMPLAINT")
        return None

    def another_unit(self, case: Case, attempt: Attempt) -> Refusal | None:
        """A transfer goes elsewhere."""
        return Refusal("转派须换单位", "§2.4") if attempt.fields.get("unit") == case.unit else None

    def rejects_left(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Once, and once more to the manager; never a third time."""
        return Refusal("负责人已裁定责任单位,不得再退单", "§2.2 unit_reject") if case.unit_rejects >= 2 else None

    def in_reject_time(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Within 30 minutes of the assignment."""
        if case.assigned_at is not None and attempt.at - case.assigned_at <= REJECT_WITHIN:
            return None
        return Refusal("超过 30 分钟,不能退单", "§2.2 unit_reject")

    def four_transfers(self, case: Case, attempt: Attempt) -> Refusal | None:
        """总流转≥4."""
        return None if case.transfers >= 4 else Refusal("流转未满 4 次", "§2.4")

    def one_extension(self, case: Case, attempt: Attempt) -> Refusal | None:
        """At most one."""
        return Refusal("已延期一次,不能再延", "§2.1 S4C") if case.extensions else None

    def later_limit(self, case: Case, attempt: Attempt) -> Refusal | None:
        """An extension lies ahead."""
        until = attempt.fields.get("due_at")
        if isinstance(until, datetime) and until > attempt.at:
            return None
        return Refusal("延期期限须晚于现在", "§2.1 S4C", ("due_at",))

    def judged_for_transfers(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Only a case that came to judgement for being passed around."""
        return None if case.judged_because == "transfers" else Refusal("仅因推诿进入研判的可以裁定单位")

    def feedback_complete(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Missing elements are named first; ``submit_anyway`` hands it in all the same."""
        missing = missing_elements(attempt.fields)
        if not missing or attempt.fields.get("submit_anyway"):
            return None
        labels = "、".join(FEEDBACK_ELEMENTS[name] for name in missing)
        return Refusal(f"反馈要素缺失:{labels}", "§2.1 S5", missing)

    def feedback_given(self, case: Case, attempt: Attempt) -> Refusal | None:
        """A supervised case is resolved by a whole feedback, not by insisting."""
        missing = missing_elements(attempt.fields)
        return Refusal("督办件须完整反馈", "§2.1 S5", missing) if missing else None

    def feedback_whole(self, case: Case, attempt: Attempt) -> Refusal | None:
        """The latest feedback has all its elements."""
        if case.feedback is None:
            return Refusal("尚无反馈", "§2.2 不变量⑤")
        if case.feedback.missing:
            labels = "、".join(FEEDBACK_ELEMENTS[name] for name in case.feedback.missing)
            return Refusal(f"反馈要素缺失({labels}),应直接回退", "办法第十一条")
        return None

    def feedback_exists(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Invariant ⑤, first half."""
        return None if case.feedbacks else Refusal("尚无反馈,不能归档", "§2.2 不变量⑤")

    def callback_exists(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Invariant ⑤, second half: a callback, an approved 未联系上, or none needed."""
        done = case.callbacks or case.unreached or attempt.move is CaseMove.CB_SATISFIED
        return None if done or case.callback_exemption else Refusal("尚无回访,不能归档", "§2.2 不变量⑤")

    def rating_satisfied(self, case: Case, attempt: Attempt) -> Refusal | None:
        """满意 or 基本满意, by the user."""
        if attempt.fields.get("rating") in SATISFIED_RATINGS:
            return None
        return Refusal("用户评价不是满意或基本满意,不能按满意归档", "§3.6", ("rating",))

    def person_where_needed(self, case: Case, attempt: Attempt) -> Refusal | None:
        """After a return or supervision, and where §3.1 wants a person, no machine finishes a callback."""
        if attempt.role is not Role.BOT:
            return None
        if case.needs_person or case.asks_person_first:
            return Refusal("本单须人工回访,机器人和短信的结果不能归档", "§3.1、§2.2")
        return None

    def rating_evidence(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Users rate; staff only write it down, with the call that proves it (invariant ⑥)."""
        if attempt.role in _STAFF_ROLES and not attempt.fields.get("call_id"):
            return Refusal("员工补录评价须附回访录音号", "§2.2 不变量⑥", ("call_id",))
        if attempt.role is Role.BOT and not (attempt.fields.get("call_id") or attempt.fields.get("sms_id")):
            return Refusal("机器人回访须附通话号或短信号", "§3.5", ("call_id",))
        return None

    def not_by_the_complained(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Nobody asks about a complaint against himself (invariant ⑧)."""
        if case.complained_staff and attempt.by == case.complained_staff:
            return Refusal("被投诉人不得回访本单,由客户服务分公司或负责人指定的他人回访", "§2.2 不变量⑧")
        return None

    def tried_enough(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Three tries, two windows, and a message the last time where one can be sent."""
        attempts, windows = int(attempt.fields.get("attempts") or 0), int(attempt.fields.get("windows") or 0)
        told = attempt.fields.get("sms_sent") or case.phone is None or not case.phone.is_mobile
        if attempts >= UNREACHED_ATTEMPTS and windows >= UNREACHED_WINDOWS and told:
            return None
        return Refusal("未联系上须≥3 次、跨≥2 个时段、最后一次发短信", "§2.2 unreachable", ("attempts", "windows"))

    def unreached_approved(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Cases that want a person are approved one by one."""
        if case.asks_person_first and not attempt.fields.get("approved_by"):
            return Refusal("直接人工回访类未联系上,须负责人逐件批准", "§2.2 unreachable", ("approved_by",))
        return None

    def is_suggestion(self, case: Case, attempt: Attempt) -> Refusal | None:
        """Users of all other cases are asked, not told."""
        return None if case.case_type is CaseType.SUGGEST else Refusal("仅建议件以短信告知代替回访", "§3.1 #16")

    def not_p0_by_bot(self, case: Case, attempt: Attempt) -> Refusal | None:
        """A machine does not give up on a case that wants a person."""
        if attempt.role is Role.BOT and (case.needs_person or case.asks_person_first):
            return Refusal("本单须人工回访,机器人不能判定未联系上", "§3.1")
        return None


fact_needs = FactNeeds()
archive_needs: tuple[Need, ...] = (fact_needs.feedback_exists, fact_needs.callback_exists)
"""Invariant ⑤."""


def missing_elements(fields: Mapping[str, Any]) -> tuple[str, ...]:
    """Which elements of a feedback are wanting; "no" is an answer to 是否联系用户."""
    return tuple(name for name in FEEDBACK_ELEMENTS if fields.get(name) in (None, ""))


_VERDICT_MOVES = {
    CallbackVerdict.SATISFIED: CaseMove.CB_SATISFIED,
    CallbackVerdict.MISMATCH: CaseMove.CB_MISMATCH,
    CallbackVerdict.DISSATISFIED_FACT_OK: CaseMove.CB_DISSATISFIED_FACT_OK,
    CallbackVerdict.UNREACHABLE: CaseMove.UNREACHABLE,
    CallbackVerdict.REFUSED: CaseMove.CB_REFUSED,
    CallbackVerdict.TOLD: CaseMove.CB_TOLD,
}


def callback_move(verdict: CallbackVerdict) -> CaseMove:
    """The move that a callback's verdict asks for; NEEDS_PERSON asks for none."""
    return _VERDICT_MOVES[verdict]


def result_fields(result: CallbackResult) -> dict[str, Any]:
    """A callback's result as the fields of its move."""
    return {
        "channel": result.channel,
        "rating": result.rating,
        "words": result.words,
        "call_id": result.call_id,
        "sms_id": result.sms_id,
        "attempts": result.attempts,
        "windows": result.windows,
        "sms_sent": result.sms_sent,
        "approved_by": result.approved_by,
        "contacted": result.contacted,
        "visited": result.visited,
        "resolved": result.resolved,
    }
