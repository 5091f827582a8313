"""How often one person may be turned to, over every channel: domain rules §3.3, pure.

触达 (a contact) = an SMS that was delivered or a call that was answered. What answers the user's own call, letter
or reply is no contact. The caps hold per person, not per case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import Enum

from callbacks.windows import Channel
from vocabulary.clock import SHANGHAI


class Exemption(Enum):
    """Why the caps do not hold for a contact; the value is shown to people."""

    SAFETY = "安全类"
    ESCALATED = "升级为人工的不满意件"
    USER_BEGAN = "用户来电、来信或回复引起"
    INSTITUTION = "机构联系人"


class SurveyState(Enum):
    """What became of the SMS survey of the case at hand."""

    NONE = "none"  # not sent yet
    OPEN = "open"  # sent, the user still has time to answer
    UNANSWERED = "unanswered"  # the time of row 13 is over
    FAILED = "failed"
    SATISFIED = "satisfied"
    DISSATISFIED = "dissatisfied"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class ContactAttempt:
    """One attempt to reach a person.

    Attributes:
        at: when it was delivered, answered or given up.
        channel: by which way.
        reached: delivered or answered by a person; a voicemail is not.
        exemption: why it does not count towards the caps, if it does not.
    """

    at: datetime
    channel: Channel
    reached: bool
    exemption: Exemption | None = None


@dataclass(frozen=True, slots=True)
class ContactHistory:
    """What is known of earlier contact, of the person (attempts, wishes) and of the case (survey, AI).

    Attributes:
        attempts: every attempt of the last seven days, any case, any channel.
        survey: what became of this case's SMS.
        survey_delivered_at: when it was delivered.
        other_survey_open: the number has an unanswered survey about another case.
        survey_opted_out: replied R or the like.
        refuses_callbacks: "别再打": on the list of those who are not called.
        no_ai: "别用机器人": on the list of those whom no machine calls.
        ai_unanswered: unanswered AI calls for this case.
        ai_handed_over: an AI call about this case ended in row 11.
        deferred_to: the moment a person in charge approved for this callback (§3.4).
        ai_attempts: unanswered AI calls after which a person takes over (§3.1 row 14).
    """

    attempts: Sequence[ContactAttempt] = ()
    survey: SurveyState = SurveyState.NONE
    survey_delivered_at: datetime | None = None
    other_survey_open: bool = False
    survey_opted_out: bool = False
    refuses_callbacks: bool = False
    no_ai: bool = False
    ai_unanswered: int = 0
    ai_handed_over: bool = False
    deferred_to: datetime | None = None
    ai_attempts: int = 2

    @property
    def ai_attempts_left(self) -> bool:
        """Whether the machine may ring once more."""
        return self.ai_unanswered < self.ai_attempts


@dataclass(frozen=True, slots=True)
class CapVerdict:
    """Whether a contact may begin at the asked moment, and if not, from when and why."""

    allowed: bool
    not_before: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class ContactCaps:
    """The caps of §3.3 as a site has set them.

    Attributes:
        spacing: between two contacts of one's own accord.
        per_week: contacts in any seven days.
        unanswered_per_day: unanswered calls on one local day.
    """

    spacing: timedelta = timedelta(hours=24)
    per_week: int = 3
    unanswered_per_day: int = 2

    def judge(self, history: ContactHistory, at: datetime, exemption: Exemption | None) -> CapVerdict:
        """Judge a contact that would begin at ``at``.

        An exempt contact is always allowed, except that nobody's telephone is rung a third time on one day in vain.
        """
        if exemption is Exemption.SAFETY:
            return CapVerdict(True, at, "安全类不受频次限制")
        moment, reasons = at, list[str]()
        if exemption is None:
            counted = sorted(a.at for a in history.attempts if a.reached and a.exemption is None)
            if counted and counted[-1] + self.spacing > moment:
                moment = counted[-1] + self.spacing
                reasons.append("24 小时内已触达一次")
            week = [touched for touched in counted if touched + timedelta(days=7) > moment]
            if len(week) >= self.per_week:
                moment = max(moment, week[-self.per_week] + timedelta(days=7))
                reasons.append(f"7 日内已触达 {len(week)} 次")
        day = moment.astimezone(SHANGHAI).date()
        unanswered = [
            a
            for a in history.attempts
            if a.channel.is_voice and not a.reached and a.at.astimezone(SHANGHAI).date() == day
        ]
        if len(unanswered) >= self.unanswered_per_day:
            moment = datetime.combine(day + timedelta(days=1), time(0, 0), SHANGHAI).astimezone(moment.tzinfo)
            reasons.append(f"当日已有 {len(unanswered)} 次未接通")
        return CapVerdict(moment == at, moment, ",".join(reasons) or "未超过频次上限")
