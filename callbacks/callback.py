"""One callback: the promise to ask one user about one case, from the plan to the answer, over every channel it takes.

States and moves are one table. The aggregate decides nothing about channel or time: ``plan.py`` does.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

from callbacks.contact_caps import Exemption, SurveyState
from callbacks.errors import CallbackMoveRefused, CallbackTaken
from callbacks.plan import CallbackPlan
from callbacks.windows import Channel, WindowException
from vocabulary.phone_number import PhoneNumber


class CallbackState(Enum):
    """Where a callback stands; the last five are final."""

    WAITING = "waiting"  # planned; its channel says who acts next
    SENDING = "sending"  # its SMS is in the outbox
    ASKED = "asked"  # its SMS was delivered, the user has time to answer
    DIALLING = "dialling"  # a dialler holds it by lease
    CLAIMED = "claimed"  # a person holds it by lease
    NOT_NEEDED = "not_needed"
    DONE = "done"
    UNREACHED = "unreached"  # 未联系上, as often as the rules ask
    REFUSED = "refused"  # 用户拒访; the case waits for the person in charge while ``needs_approval``
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        """Whether nothing more happens to it."""
        return self in _FINAL


_FINAL = frozenset(
    {
        CallbackState.NOT_NEEDED,
        CallbackState.DONE,
        CallbackState.UNREACHED,
        CallbackState.REFUSED,
        CallbackState.CANCELLED,
    }
)


class Move(Enum):
    """What can happen to a callback; the value is shown to people."""

    SKIP = "不回访"
    SEND = "发问卷"
    DELIVERED = "问卷送达"
    PLAN_AGAIN = "重新安排"
    DIAL = "外呼"
    CLAIM = "领取"
    RELEASE = "放回"
    ANSWER = "回访完成"
    GIVE_UP = "未联系上"
    REFUSE = "用户拒访"
    CANCEL = "取消"


_LIVE = (
    CallbackState.WAITING,
    CallbackState.SENDING,
    CallbackState.ASKED,
    CallbackState.DIALLING,
    CallbackState.CLAIMED,
)
TRANSITIONS: dict[tuple[CallbackState, Move], CallbackState] = {
    (CallbackState.WAITING, Move.SKIP): CallbackState.NOT_NEEDED,
    (CallbackState.WAITING, Move.SEND): CallbackState.SENDING,
    (CallbackState.SENDING, Move.DELIVERED): CallbackState.ASKED,
    (CallbackState.WAITING, Move.DIAL): CallbackState.DIALLING,
    **{(state, Move.PLAN_AGAIN): CallbackState.WAITING for state in _LIVE},
    **{
        (state, Move.CLAIM): CallbackState.CLAIMED
        for state in (CallbackState.WAITING, CallbackState.SENDING, CallbackState.ASKED)
    },
    (CallbackState.CLAIMED, Move.RELEASE): CallbackState.WAITING,
    **{(state, Move.ANSWER): CallbackState.DONE for state in _LIVE},
    (CallbackState.CLAIMED, Move.GIVE_UP): CallbackState.UNREACHED,
    **{(state, Move.REFUSE): CallbackState.REFUSED for state in _LIVE},
    **{(state, Move.CANCEL): CallbackState.CANCELLED for state in _LIVE},
}


@dataclass(eq=False)
class Callback:
    """See the module.

    Attributes:
        id: ULID; also the reference of its SMS.
        case_number, phone, phone_key: whom to ask about what.
        matter: Chinese name of the matter, fit to be written and said; ``is_gas`` for reading replies.
        reported_on: local day on which the user reported it.
        channel, priority, not_before, due_at, rule_number, reason, exemption: the plan as it stands.
        window_exception: why it may begin outside the windows, if it may.
        late: it concerns an archived case (迟到不满意); its result does not move the case along the main path.
        lease_holder, lease_until: who dials or has claimed it; ``fence`` grows with every lease.
        answered_at: when the call under the present lease was answered.
        survey, extension, sms_id, survey_sent_at, survey_delivered_at, survey_until: the SMS survey.
        ai_unanswered: unanswered AI calls; ``ai_handed_over`` an AI call ended in row 11.
        human_attempts: unanswered calls by people; ``tried_windows``: windows of unanswered calls, ``day/number``.
        rating, rated_at: the first valid one, as it stands after changes of mind.
    """

    id: str
    case_number: str
    phone: PhoneNumber | None
    phone_key: str | None
    matter: str
    reported_on: date
    checked_at: datetime
    created_at: datetime
    is_gas: bool = False
    state: CallbackState = CallbackState.WAITING
    channel: Channel = Channel.NONE
    priority: int = 9
    not_before: datetime | None = None
    due_at: datetime | None = None
    rule_number: int = 0
    reason: str = ""
    exemption: Exemption | None = None
    window_exception: WindowException | None = None
    late: bool = False
    lease_holder: str | None = None
    lease_until: datetime | None = None
    fence: int = 0
    answered_at: datetime | None = None
    call_id: str | None = None
    survey: SurveyState = SurveyState.NONE
    extension: str | None = None
    sms_id: str | None = None
    survey_sent_at: datetime | None = None
    survey_delivered_at: datetime | None = None
    survey_until: datetime | None = None
    ai_unanswered: int = 0
    ai_handed_over: bool = False
    human_attempts: int = 0
    tried_windows: list[str] = field(default_factory=list)
    needs_approval: bool = False
    complained_staff: str | None = None
    feedback_summary: str = ""
    rating: str = ""
    rated_at: datetime | None = None
    finished_at: datetime | None = None
    deferred_to: datetime | None = None
    version: int = 0

    def _move(self, move: Move) -> None:
        try:
            self.state = TRANSITIONS[self.state, move]
        except KeyError:
            raise CallbackMoveRefused(self.state.value, move.value) from None

    def take_plan(self, plan: CallbackPlan, at: datetime) -> None:
        """Follow a plan, the first or a later one; any lease ends.

        Raises:
            CallbackMoveRefused: the callback is over.
        """
        self._move(Move.PLAN_AGAIN)
        self._end_lease()
        self.channel, self.priority = plan.channel, plan.priority
        self.not_before, self.due_at = plan.not_before, plan.due
        self.rule_number, self.reason, self.exemption = plan.rule_number, plan.reason, plan.exemption
        self.window_exception = None
        if plan.is_refusal and not self.late:
            self.refuse(at)  # as the user asked in an earlier contact
        elif plan.channel is Channel.NONE:
            self._move(Move.SKIP)
            self.finished_at = at

    def call_at_once(self, reason: str, exception: WindowException, at: datetime, within: timedelta) -> None:
        """Hand it to a person outside of windows and caps: a danger, or the user's own wish."""
        self._move(Move.PLAN_AGAIN)
        self._end_lease()
        self.channel, self.priority = Channel.HUMAN, 0
        self.not_before, self.due_at, self.reason = at, at + within, reason
        self.window_exception, self.exemption = exception, Exemption.SAFETY

    def send(self, sms_id: str, extension: str, at: datetime, until: datetime) -> None:
        """The survey goes into the outbox in this transaction; ``until`` bounds the wait even without a receipt."""
        self._move(Move.SEND)
        self.sms_id, self.extension = sms_id, extension
        self.survey, self.survey_sent_at, self.survey_until = SurveyState.OPEN, at, until

    def delivered(self, at: datetime, until: datetime) -> None:
        """The survey reached the user, who has until then to answer (row 13)."""
        self._move(Move.DELIVERED)
        self.survey_delivered_at, self.survey_until = at, until

    def lease(self, move: Move, holder: str, at: datetime, until: datetime) -> int:
        """Dial or claim it.

        Returns:
            The fencing number; results that carry an older one are refused.
        Raises:
            CallbackMoveRefused: its state does not allow it.
        """
        self._move(move)
        self.lease_holder, self.lease_until, self.answered_at, self.call_id = holder, until, None, None
        self.fence += 1
        return self.fence

    def check_lease(self, holder: str, fence: int | None = None) -> None:
        """Raises:
        CallbackTaken: somebody else holds it now.
        """
        if self.lease_holder != holder or (fence is not None and self.fence != fence):
            raise CallbackTaken(f"回访 {self.id} 已由他人处理")

    def release(self) -> None:
        """Put it back, as it was."""
        self._move(Move.RELEASE)
        self._end_lease()

    def answer(self, rating: str, at: datetime) -> None:
        """The user has answered; the callback is over."""
        self._move(Move.ANSWER)
        self._end_lease()
        self.rating, self.rated_at, self.finished_at = rating, at, at

    def give_up(self, at: datetime) -> None:
        """Nobody was reached as often as the rules ask."""
        self._move(Move.GIVE_UP)
        self._end_lease()
        self.finished_at = at

    def refuse(self, at: datetime) -> None:
        """The user does not want to be asked; the case waits for the approval of the person in charge."""
        self._move(Move.REFUSE)
        self._end_lease()
        self.needs_approval, self.finished_at = True, at

    def cancel(self, reason: str, at: datetime) -> None:
        """It is not to be carried out."""
        self._move(Move.CANCEL)
        self._end_lease()
        self.reason, self.finished_at = reason, at

    def _end_lease(self) -> None:
        self.lease_holder = self.lease_until = None
