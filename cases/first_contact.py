"""首问责任制 (办法第三条(五), domain rules §2.4): who stays answerable, and when passing on becomes 推诿."""

from dataclasses import dataclass

from cases.case import Case

TRANSFERS_JUDGED = 4
"""总流转 from which a case goes to judgement by itself."""
REJECTS_RULED = 2
"""Unit rejects from which the manager decides the unit."""


@dataclass(frozen=True, slots=True)
class FirstContact:
    """Who is answerable for a case, and why.

    Attributes:
        owner: who accepted it; keeps following it until it is archived, whoever handles it.
        lead_unit: answers the user once for all units (主办); co_units report to it (协办).
        is_passed_around: the case has to be judged for 推诿.
        manager_rules: the manager has to decide the unit.
        reason: in Chinese.
    """

    owner: str
    lead_unit: str | None
    co_units: tuple[str, ...]
    is_passed_around: bool
    manager_rules: bool
    reason: str


def first_contact(case: Case) -> FirstContact:
    """The state of the duty as the case stands."""
    passed = case.transfers >= TRANSFERS_JUDGED
    ruled = case.unit_rejects >= REJECTS_RULED
    if passed:
        reason = f"总流转 {case.transfers} 次,研判推诿"
    elif ruled:
        reason = f"单位第 {case.unit_rejects} 次退单,负责人裁定"
    elif case.co_units:
        reason = "涉及两个以上单位:主办为首问单位,协办反馈汇总后一次答复用户"
    else:
        reason = "首个受理人保持跟踪责任到归档"
    return FirstContact(case.first_contact, case.unit, case.co_units, passed, ruled, reason)
