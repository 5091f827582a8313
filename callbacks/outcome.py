"""What an answer means for a callback: SMS replies, changes of mind, late replies, the end of an AI call; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from callbacks.plan import AiOutcome
from callbacks.questionnaire import ANSWERED_WITHIN
from sms.replies import ReplyKind

CHANGE_OF_MIND = timedelta(minutes=10)
"""10 min 内改口以最后为准, §3.6."""
GOOD_RATINGS = frozenset({"满意", "一般"})


class ReplyAction(Enum):
    """What is done about a reply."""

    FINISH = "finish"  # rated 满意 or 一般: archived
    CHANGE_RATING = "change_rating"  # within ten minutes, between 满意 and 一般
    TO_PERSON = "to_person"  # a person asks, today's remaining windows
    LATE_TO_PERSON = "late_to_person"  # the callback is over: a task of its own, the archived rating stands
    RECORD = "record"  # kept, nothing else
    OPT_OUT = "opt_out"
    RESCUE = "rescue"  # danger: a person at once, whatever the hour
    VERIFY = "verify"  # danger said to be over: a person phones within ten minutes


@dataclass(frozen=True, slots=True)
class ReplyDecision:
    """What is done, and why (for people)."""

    action: ReplyAction
    rating: str
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerSoFar:
    """What is known when a reply comes.

    Attributes:
        sent_at: when the survey was sent.
        finished: the callback is over.
        rating, rated_at: the first valid one, "" and None if there is none.
    """

    sent_at: datetime | None
    finished: bool
    rating: str = ""
    rated_at: datetime | None = None


def decide_reply(kind: ReplyKind, so_far: AnswerSoFar, at: datetime) -> ReplyDecision:
    """Decide about one reply; safety goes first and is never late."""
    match kind:
        case ReplyKind.EMERGENCY:
            return ReplyDecision(ReplyAction.RESCUE, "", "短信回复含安全词,立即人工")
        case ReplyKind.VERIFY:
            return ReplyDecision(ReplyAction.VERIFY, "", "短信称险情已解决,10 分钟内人工核实")
        case ReplyKind.OPT_OUT:
            return ReplyDecision(ReplyAction.OPT_OUT, "", "用户退订问卷短信")
        case ReplyKind.FREE | ReplyKind.CONFLICT | ReplyKind.UNCLEAR:
            return _doubtful(kind, so_far)
        case ReplyKind.SATISFIED | ReplyKind.BASIC | ReplyKind.DISSATISFIED:
            return _rated(kind.value, so_far, at)


def _doubtful(kind: ReplyKind, so_far: AnswerSoFar) -> ReplyDecision:
    why = {
        ReplyKind.FREE: "短信回复为自由文字,人工判断",
        ReplyKind.CONFLICT: "短信数字与文字矛盾,人工核实",
        ReplyKind.UNCLEAR: "短信回复看不懂,人工核实",
    }[kind]
    if so_far.finished and so_far.rating:
        # After a valid rating, further words are kept; a contradiction is asked about.
        action = ReplyAction.LATE_TO_PERSON if kind is ReplyKind.CONFLICT else ReplyAction.RECORD
        return ReplyDecision(action, "", why)
    return ReplyDecision(ReplyAction.LATE_TO_PERSON if so_far.finished else ReplyAction.TO_PERSON, "", why)


def _rated(rating: str, so_far: AnswerSoFar, at: datetime) -> ReplyDecision:
    late = so_far.sent_at is not None and at - so_far.sent_at > ANSWERED_WITHIN
    if so_far.rating and so_far.rated_at is not None:
        return _second_rating(rating, so_far.rating, at - so_far.rated_at)
    if rating not in GOOD_RATINGS:
        if so_far.finished or late:
            return ReplyDecision(ReplyAction.LATE_TO_PERSON, rating, "迟到的不满意短信,人工回访")
        return ReplyDecision(ReplyAction.TO_PERSON, rating, "短信回复不满意,人工回访")
    if so_far.finished or late:
        return ReplyDecision(ReplyAction.RECORD, rating, "迟到的评价,仅记录")
    return ReplyDecision(ReplyAction.FINISH, rating, f"短信回复{rating}")


def _second_rating(rating: str, first: str, after: timedelta) -> ReplyDecision:
    if rating == first:
        return ReplyDecision(ReplyAction.RECORD, rating, "重复回复,以首个评价为准")
    if rating not in GOOD_RATINGS:
        when = "10 分钟内改口" if after <= CHANGE_OF_MIND else "之后改口"
        return ReplyDecision(ReplyAction.LATE_TO_PERSON, rating, f"{when}为不满意,人工回访")
    if after <= CHANGE_OF_MIND:
        return ReplyDecision(ReplyAction.CHANGE_RATING, rating, "10 分钟内改口,以最后为准")
    return ReplyDecision(ReplyAction.RECORD, rating, "以首个有效评价为准")


class AiAction(Enum):
    """What is done when an AI call is over."""

    FINISH = "finish"
    TO_PERSON = "to_person"
    APPOINTMENT = "appointment"
    REFUSED = "refused"  # "别再打": on the list, no more callbacks
    NOT_REACHED = "not_reached"
    RESCUE = "rescue"
    VERIFY = "verify"


@dataclass(frozen=True, slots=True)
class AiDecision:
    """What is done about an AI call, and why.

    Attributes:
        partial: what was said does not make a whole answer.
    """

    action: AiAction
    rating: str
    reason: str
    partial: bool = False


def decide_ai(outcome: str, facts: Mapping[str, str]) -> AiDecision:
    """Decide about one finished dialogue.

    Args:
        outcome: of ``ivr.dialogue_runner.DialogueEnd``.
        facts: what was settled: resolved, rating, reason, new_demand, why, appointment, verify, danger.
    """
    rating, resolved = facts.get("rating", ""), facts.get("resolved", "")
    whole = bool(rating and resolved)
    if outcome == "danger":
        return AiDecision(AiAction.RESCUE, rating, "AI 回访中出现安全词,立即人工", not whole)
    if facts.get("verify"):
        return AiDecision(AiAction.VERIFY, rating, "用户称险情已解决,10 分钟内人工核实", not whole)
    if outcome == "voicemail":
        return AiDecision(AiAction.NOT_REACHED, "", "语音信箱,不计触达", True)
    if outcome == "appointment":
        return AiDecision(AiAction.APPOINTMENT, "", "用户不方便,另约时间", True)
    if outcome == "refused":
        return AiDecision(AiAction.REFUSED, rating, "用户拒绝再打,登记免回访", not whole)
    if outcome == "person":
        return AiDecision(AiAction.TO_PERSON, rating, _why(facts), not whole)
    if not whole:
        return AiDecision(AiAction.TO_PERSON, rating, _why({**facts, "why": AiOutcome.CUT_OFF.name}), True)
    return _whole_answer(rating, resolved, facts)


def _whole_answer(rating: str, resolved: str, facts: Mapping[str, str]) -> AiDecision:
    if resolved == "no" and rating in GOOD_RATINGS:
        return AiDecision(AiAction.TO_PERSON, rating, "说未解决又评价满意,前后矛盾,人工核实")
    if resolved == "no":
        return AiDecision(AiAction.TO_PERSON, rating, "AI回访:未解决,不满意")
    if rating not in GOOD_RATINGS:
        return AiDecision(AiAction.TO_PERSON, rating, AiOutcome.DISSATISFIED.value)
    if facts.get("new_demand"):
        return AiDecision(AiAction.TO_PERSON, rating, "用户另有新诉求,人工确认")
    return AiDecision(AiAction.FINISH, rating, f"AI回访:已解决,{rating}")


def _why(facts: Mapping[str, str]) -> str:
    why = facts.get("why", "")
    known = {outcome.name: outcome.value for outcome in AiOutcome} | {"WRONG_PERSON": "接听人不是本人"}
    reason = known.get(why, "AI 回访转人工")
    return f"AI回访:未解决,{reason}" if facts.get("resolved") == "no" else reason
