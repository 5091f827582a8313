"""Who is asked, how and when: the decision table of domain rules §3.1, rows 1-16 from the top, first match decides.

Pure: facts and history in, a plan with its reason out. The reason is shown to people.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from callbacks.contact_caps import ContactCaps, ContactHistory, Exemption, SurveyState
from callbacks.windows import CallbackCalendar, Channel
from cases.case_states import CaseState
from cases.facts import CaseFacts
from cases.master_data import CaseType, Urgency

Applies = Callable[[CaseFacts, ContactHistory], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of the table; a row of the written policy with an exception is two lines of one number."""

    number: int
    applies: Applies
    channel: Channel
    priority: int
    reason: str
    exemption: Exemption | None = None


class AiOutcome(Enum):
    """Why an AI call hands over to a person (row 11); the value is shown to people."""

    DISSATISFIED = "AI回访不满意"
    WANTS_PERSON = "用户要求人工"
    DISTRESSED = "用户情绪激烈"
    NOT_UNDERSTOOD = "两次听不懂"
    SILENT = "两次沉默"
    CUT_OFF = "通话中途挂断"


LAST = 9
"""Priority of what needs nothing; 1 is first."""

REFUSES = "用户声明拒绝回访"
"""Reason of row 2 that needs the approval of the person in charge (用户拒访, §3.1 coverage)."""

_CONSULT_OR_PRAISE = frozenset({CaseType.CONSULT, CaseType.PRAISE})
_DISSATISFIED = Exemption.ESCALATED
_SURVEY_RUNS = frozenset({SurveyState.OPEN, SurveyState.SATISFIED})


def _help(case: CaseFacts) -> bool:
    return case.case_type is CaseType.HELP


def _better_by_person(case: CaseFacts) -> bool:
    person = case.person
    return person.is_elderly or person.is_hard_of_hearing or person.speaks_dialect or person.refuses_bots


def _can_be_surveyed(case: CaseFacts, history: ContactHistory) -> bool:
    return _help(case) and case.has_mobile and not history.survey_opted_out


TABLE: tuple[Rule, ...] = (
    Rule(
        1,
        lambda case, history: case.case_type in _CONSULT_OR_PRAISE and "不满意" in case.closing_rating,
        Channel.HUMAN,
        1,
        "咨询、表扬件通话末评价不满意,当日人工回访",
        _DISSATISFIED,
    ),
    Rule(1, lambda case, history: case.case_type in _CONSULT_OR_PRAISE, Channel.NONE, LAST, "咨询、表扬件不回访"),
    Rule(2, lambda case, history: case.state is CaseState.VOID, Channel.NONE, LAST, "作废件不回访,须班长复核"),
    Rule(
        2,
        lambda case, history: case.case_type is CaseType.OTHER,
        Channel.NONE,
        LAST,
        "无效或非本公司件不回访,须班长复核",
    ),
    Rule(2, lambda case, history: not case.has_phone, Channel.NONE, LAST, "匿名或没有电话,无法回访"),
    Rule(
        2,
        lambda case, history: case.person.refuses_callbacks or history.refuses_callbacks,
        Channel.NONE,
        LAST,
        REFUSES,
    ),
    Rule(
        3,
        lambda case, history: case.case_type is CaseType.EMERGENCY or case.urgency is Urgency.P0,
        Channel.HUMAN,
        1,
        "抢险或 P0 件,直接人工回访",
        Exemption.SAFETY,
    ),
    Rule(3, lambda case, history: case.urgency is Urgency.P1, Channel.HUMAN, 1, "P1 件,直接人工回访"),
    Rule(4, lambda case, history: case.case_type is CaseType.REPORT, Channel.HUMAN, 1, "举报件,人工回访,只问本人"),
    Rule(
        5, lambda case, history: case.case_type is CaseType.COMPLAINT, Channel.HUMAN, 1, "投诉件,人工回访,须由他人回访"
    ),
    Rule(6, lambda case, history: case.is_duplicate, Channel.HUMAN, 1, "重复件,人工回访"),
    Rule(7, lambda case, history: case.is_key_item, Channel.HUMAN, 1, "日报重点信息件,人工回访"),
    Rule(
        8,
        lambda case, history: history.survey is SurveyState.DISSATISFIED or case.sms_dissatisfied,
        Channel.HUMAN,
        1,
        "短信或预警反馈不满意,人工回访",
        _DISSATISFIED,
    ),
    Rule(
        8,
        lambda case, history: history.survey is SurveyState.UNCLEAR,
        Channel.HUMAN,
        1,
        "短信回复须人工判断,人工回访",
        _DISSATISFIED,
    ),
    Rule(9, lambda case, history: case.is_forwarded, Channel.HUMAN, 2, "转办件,人工回访,早于来件时限"),
    Rule(
        10,
        lambda case, history: case.was_returned or case.was_supervised or case.in_dispute or case.needs_person,
        Channel.HUMAN,
        1,
        "退回重办、督办或测温退费争议件,人工回访",
    ),
    Rule(11, lambda case, history: history.ai_handed_over, Channel.HUMAN, 1, "AI 回访转人工", _DISSATISFIED),
    Rule(
        12,
        lambda case, history: _better_by_person(case) or history.no_ai,
        Channel.HUMAN,
        3,
        "老人、听障、方言或登记免 AI,人工回访",
    ),
    Rule(
        13,
        lambda case, history: (
            _can_be_surveyed(case, history)
            and (
                history.survey in _SURVEY_RUNS or (history.survey is SurveyState.NONE and not history.other_survey_open)
            )
        ),
        Channel.SMS,
        4,
        "求助件有手机号,短信问卷",
    ),
    # §3.6: one open survey a number; the next case is asked by voice, together with the others of the day.
    Rule(
        13,
        lambda case, history: (
            _can_be_surveyed(case, history)
            and history.survey in (SurveyState.NONE, SurveyState.UNANSWERED)
            and history.ai_attempts_left
        ),
        Channel.AI_VOICE,
        4,
        "短信问卷未回复或该号已有未答问卷,AI 外呼",
    ),
    # A user who opted out is not handed to a robot instead (row 15), so rows 13 and 14 leave that user alone.
    Rule(
        14,
        lambda case, history: _help(case) and not history.survey_opted_out and history.ai_attempts_left,
        Channel.AI_VOICE,
        4,
        "求助件仅有固话或短信失败,AI 外呼",
    ),
    Rule(
        14,
        lambda case, history: _help(case) and not history.survey_opted_out,
        Channel.HUMAN,
        4,
        "AI 外呼两次未接,人工回访一次",
    ),
    Rule(15, lambda case, history: _help(case), Channel.HUMAN, 4, "求助件已退订问卷短信,人工回访一次"),
    # Whom no SMS can tell, a person tells: the table knows no suggestion that is never answered.
    Rule(
        16,
        lambda case, history: (
            case.case_type is CaseType.SUGGEST
            and (not case.has_mobile or history.survey in (SurveyState.FAILED, SurveyState.UNANSWERED))
        ),
        Channel.HUMAN,
        5,
        "建议件短信无法送达,人工告知采纳情况",
    ),
    Rule(
        16, lambda case, history: case.case_type is CaseType.SUGGEST, Channel.SMS_NOTICE, 5, "建议件,短信告知采纳情况"
    ),
)
"""Domain rules §3.1; 热线管理办法 fixes rows 1 and 3-9."""

_NO_RULE = Rule(0, lambda case, history: True, Channel.HUMAN, 1, "没有适用的规则,交人工判断")


@dataclass(frozen=True, slots=True)
class CallbackRules:
    """The table and the caps, as one version of the settings."""

    table: Sequence[Rule] = TABLE
    caps: ContactCaps = field(default_factory=ContactCaps)


@dataclass(frozen=True, slots=True)
class CallbackPlan:
    """What is to be done about one case.

    Attributes:
        channel: NONE if nobody is asked.
        priority: 1 first … 9 nothing to do.
        not_before: the earliest allowed moment, by windows and caps (UTC).
        due: until when it must be done (UTC).
        rule_number: row of §3.1; 0 if none matched.
        reason: for people, in Chinese.
        exemption: why the caps do not hold for it, if they do not.
    """

    channel: Channel
    priority: int
    not_before: datetime
    due: datetime
    rule_number: int
    reason: str
    exemption: Exemption | None = None

    @property
    def is_refusal(self) -> bool:
        """Nobody is asked because the user does not want to be: the person in charge has to agree."""
        return self.reason == REFUSES


def plan_callback(
    case: CaseFacts, history: ContactHistory, rules: CallbackRules, calendar: CallbackCalendar, now: datetime
) -> CallbackPlan:
    """Choose channel and time for one callback; the first matching rule decides."""
    rule = next((rule for rule in rules.table if rule.applies(case, history)), _NO_RULE)
    if rule.channel is Channel.NONE:
        return CallbackPlan(rule.channel, rule.priority, now, now, rule.number, rule.reason)
    earliest = max(now, history.deferred_to or now)
    asked_at = history.survey_delivered_at if history.survey is SurveyState.UNANSWERED else None
    if rule.channel is Channel.AI_VOICE and asked_at is not None:
        # Row 13: the user has until the next day's window to answer the delivered SMS.
        earliest = max(earliest, calendar.next_day_opening(rule.channel, asked_at))
    exemption = rule.exemption or (Exemption.INSTITUTION if case.person.is_institution else None)
    verdict = rules.caps.judge(history, earliest, exemption)
    opening = calendar.next_opening(rule.channel, verdict.not_before)
    due = calendar.due(rule.channel, case.checked_at or now, opening)
    if case.is_forwarded and case.forward_due_at is not None:
        due = min(due, case.forward_due_at)
    reason = rule.reason if verdict.allowed else f"{rule.reason}({verdict.reason})"
    return CallbackPlan(rule.channel, rule.priority, opening, due, rule.number, reason, exemption)
