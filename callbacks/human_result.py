"""What a person brings back from a callback: the structured result of domain rules §3.5, and what it lacks; pure."""

from dataclasses import dataclass
from enum import Enum

from callbacks.answer import ReasonCode
from callbacks.outcome import GOOD_RATINGS
from cases.commands import CallbackVerdict

RATINGS = ("满意", "一般", "不满意")


class HumanOutcome(Enum):
    """How a person's callback ended; the value is shown to people."""

    SATISFIED = "满意"
    MISMATCH = "反馈与事实不符"
    DISSATISFIED_FACT_OK = "反馈属实但不满意"
    NOT_REACHED = "未接通"
    REFUSED = "用户拒访"


VERDICTS = {
    HumanOutcome.SATISFIED: CallbackVerdict.SATISFIED,
    HumanOutcome.MISMATCH: CallbackVerdict.MISMATCH,
    HumanOutcome.DISSATISFIED_FACT_OK: CallbackVerdict.DISSATISFIED_FACT_OK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanResult:
    """See §3.5; conversation first checks who answers, then what was done, then asks for a rating.

    Attributes:
        call_id: of the call, also where nobody answered: a rating without recording is not taken (§2.2 ⑥).
        identity_checked: whose telephone it is was asked.
        feedback_read: the unit's feedback was read before the call.
        contacted, visited, resolved: the user's answers.
        rating: overall; ``attitude``, ``timeliness``, ``outcome_rating`` the parts, if asked.
        reason_code, words: why not satisfied, and the user's own words.
        new_demand: opens a case of source PATROL.
    """

    outcome: HumanOutcome
    call_id: str = ""
    identity_checked: bool = False
    feedback_read: bool = False
    contacted: bool | None = None
    visited: bool | None = None
    resolved: bool | None = None
    rating: str = ""
    attitude: str = ""
    timeliness: str = ""
    outcome_rating: str = ""
    reason_code: ReasonCode | None = None
    words: str = ""
    new_demand: str = ""

    def missing(self) -> list[str]:
        """Names of the fields that this outcome needs and that are empty or contradict it."""
        if self.outcome is HumanOutcome.NOT_REACHED:
            return [] if self.call_id else ["call_id"]
        wanted: list[tuple[str, object]] = [("call_id", self.call_id), ("identity_checked", self.identity_checked)]
        if self.outcome is HumanOutcome.REFUSED:
            wanted.append(("words", self.words))  # 拒访附原话
            return [name for name, value in wanted if not value]
        wanted += [
            ("feedback_read", self.feedback_read),
            ("contacted", self.contacted is not None),
            ("visited", self.visited is not None),
            ("resolved", self.resolved is not None),
            ("rating", self._rating_fits()),
        ]
        if self.outcome is not HumanOutcome.SATISFIED:
            wanted += [("reason_code", self.reason_code), ("words", self.words)]
        return [name for name, value in wanted if not value]

    def _rating_fits(self) -> bool:
        """A rating is the user's; it must not say the contrary of the outcome."""
        if self.outcome is HumanOutcome.SATISFIED:
            return self.rating in GOOD_RATINGS
        if self.outcome is HumanOutcome.DISSATISFIED_FACT_OK:
            return self.rating == "不满意"
        return self.rating in RATINGS
