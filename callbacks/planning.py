"""Applies the pure table to a callback inside a unit of work: gathers its history, follows the plan, tells of it."""

import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from callbacks.answer import WishKind
from callbacks.callback import Callback, CallbackState
from callbacks.contact_caps import ContactHistory
from callbacks.plan import CallbackPlan, CallbackRules, plan_callback
from callbacks.ports import CallbacksUnitOfWork
from callbacks.questionnaire import SurveyText
from callbacks.telling import tell_refused
from callbacks.windows import CallbackCalendar, Channel
from cases.facts import CaseFacts
from vocabulary.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CallbackPolicy:
    """Every number that callbacks are run by; the defaults are the domain rules' own.

    Attributes:
        rules: the table and the caps (§3.1, §3.3).
        ai_attempts: unanswered AI calls before a person takes over (§3.1 row 14).
        unreached_attempts, unreached_windows: before 未联系上 (§2.2 unreachable).
        claim: how long a person holds a task without a call; also the contact lock (§3.3: 30 min).
        verify_within: a danger said to be over is verified within this (§3.6).
        survey_text: signature and templates.
        extension_digits: 3 or 4; 0 where the channel supports none.
        caller_id: shown to users (§3.8); ``ring_s`` how long their telephone rings.
        ai_enabled: False hands every AI callback to a person.
    """

    rules: CallbackRules = field(default_factory=CallbackRules)
    ai_attempts: int = 2
    unreached_attempts: int = 3
    unreached_windows: int = 2
    claim: timedelta = timedelta(minutes=30)
    verify_within: timedelta = timedelta(minutes=10)
    survey_text: SurveyText = field(default_factory=SurveyText)
    extension_digits: int = 4
    caller_id: str = "96556"
    ring_s: float = 30.0
    ai_enabled: bool = True


class Planner:
    """Plans callbacks, the first time and again.

    Args:
        policy: see CallbackPolicy.
        calendar: the windows.
        clock: time.
    """

    def __init__(self, policy: CallbackPolicy, calendar: CallbackCalendar, clock: Clock) -> None:
        self.policy = policy
        self.calendar = calendar
        self._clock = clock

    async def history(self, uow: CallbacksUnitOfWork, callback: Callback) -> ContactHistory:
        """All earlier contact that the table and the caps ask about."""
        attempts, wishes, other, opted_out = [], frozenset[WishKind](), False, False
        if callback.phone_key is not None:
            key = callback.phone_key
            attempts = await uow.contacts.attempts(key, self._clock.now() - timedelta(days=7))
            wishes = await uow.contacts.wishes(key)
            other = await uow.callbacks.has_open_survey(key, besides=callback.id)
            opted_out = WishKind.NO_SURVEY in wishes or await uow.messages.opted_out(key)
        return ContactHistory(
            attempts=attempts,
            survey=callback.survey,
            survey_delivered_at=callback.survey_delivered_at or callback.survey_sent_at,
            other_survey_open=other,
            survey_opted_out=opted_out,
            refuses_callbacks=WishKind.NO_CALLBACK in wishes,
            no_ai=WishKind.NO_AI in wishes or not self.policy.ai_enabled,
            ai_unanswered=callback.ai_unanswered,
            ai_handed_over=callback.ai_handed_over,
            deferred_to=callback.deferred_to,
            ai_attempts=self.policy.ai_attempts,
        )

    async def plan(self, uow: CallbacksUnitOfWork, callback: Callback, facts: CaseFacts) -> CallbackPlan:
        """Plan it by the table, from what is known now; part of the caller's transaction."""
        now = self._clock.now()
        history = await self.history(uow, callback)
        plan = plan_callback(facts, history, self.policy.rules, self.calendar, now)
        callback.take_plan(plan, now)
        if callback.state is CallbackState.REFUSED:
            tell_refused(uow, callback, "system")
        else:
            callback.needs_approval = plan.channel is Channel.HUMAN and 3 <= plan.rule_number <= 10
        self.tell(uow, callback)
        return plan

    def tell(self, uow: CallbacksUnitOfWork, callback: Callback) -> None:
        """The event and the audit entry that a callback stands as planned."""
        uow.events.append(
            "callback.due",
            {
                "callback_id": callback.id,
                "case_number": callback.case_number,
                "channel": callback.channel.value,
                "state": callback.state.value,
                "rule": callback.rule_number,
                "reason": callback.reason,
                "not_before": _text(callback.not_before),
                "due_at": _text(callback.due_at),
            },
        )
        uow.audit.append(
            "system",
            "callback.planned",
            callback.case_number,
            callback.reason,
            {"callback": callback.id, "channel": callback.channel.value, "rule": callback.rule_number},
        )
        log.info(
            "callback planned",
            extra={
                "case": callback.case_number,
                "rule": callback.rule_number,
                "channel": callback.channel.value,
                "phone": callback.phone,
            },
        )

    def retry_later(self, callback: Callback, channel: Channel, after: datetime) -> datetime:
        """The next moment in another window than the one of ``after``."""
        day, number = self.calendar.window_number(channel, after)
        opening = after
        while self.calendar.window_number(channel, opening) == (day, number):
            opening = self.calendar.next_opening(channel, opening + timedelta(minutes=30))
        return opening


def _text(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
