"""Replies to surveys: what each does to its callback, to the person's wishes, and to those who must act (§3.6)."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from callbacks.answer import CallbackAnswer, Wish, WishKind
from callbacks.callback import Callback, CallbackState
from callbacks.contact_caps import Exemption, SurveyState
from callbacks.outcome import AnswerSoFar, ReplyAction, ReplyDecision, decide_reply
from callbacks.plan import CallbackPlan
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWork, CallbacksUnitOfWorkFactory, CaseDoor, SafetyAlarm
from callbacks.questionnaire import ANSWERED_WITHIN
from callbacks.surveys import callback_of
from callbacks.telling import keep_answer
from callbacks.windows import Channel, WindowException
from cases.commands import CallbackVerdict
from sms.replies import ReplyKind
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)


class SurveyReplies:
    """See the module.

    Args:
        uow_factory: one reply, one transaction.
        clock: time.
        planner: plans again what an SMS could not settle.
        cases: facts for that.
        alarm: dangers that were written.
    """

    def __init__(
        self,
        uow_factory: CallbacksUnitOfWorkFactory,
        clock: Clock,
        planner: Planner,
        cases: CaseDoor,
        alarm: SafetyAlarm,
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._planner = planner
        self._cases = cases
        self._alarm = alarm

    async def on_reply(self, payload: Mapping[str, Any]) -> None:
        """Topic ``sms.reply``: decide about one reply; a repeated event changes nothing."""
        at = datetime.fromisoformat(payload["received_at"])
        kind = ReplyKind(payload["reading"])
        async with self._uow_factory() as uow:
            found = await callback_of(uow, payload.get("reference"))
            found = found or await uow.callbacks.newest_survey(payload["phone_key"], at - ANSWERED_WITHIN)
            number = found.case_number if found else ""
            phone = found.phone if found else None
        if kind is ReplyKind.EMERGENCY:
            # Before the transaction: a danger told twice is better than one lost with it.
            reason = payload.get("reason", "")
            await self._alarm.raise_alarm(case_number=number, phone=phone, words=payload["text"], reason=reason)
        if found is None:
            log.info("a reply without survey", extra={"reply": payload.get("reply_id"), "reading": kind.value})
            return
        facts = await self._cases.facts(number)
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(found.id)
            if payload.get("reply_id") and await uow.contacts.answer(payload["reply_id"]) is not None:
                return
            so_far = AnswerSoFar(callback.survey_sent_at, callback.state.is_final, callback.rating, callback.rated_at)
            decision = decide_reply(kind, so_far, at)
            await self._apply(uow, callback, decision, payload, at)
            if decision.action in (ReplyAction.TO_PERSON, ReplyAction.OPT_OUT) and _free(callback):
                await self._planner.plan(uow, callback, facts)
                if decision.action is ReplyAction.TO_PERSON:
                    callback.reason = decision.reason
            await uow.commit()

    async def _apply(
        self,
        uow: CallbacksUnitOfWork,
        callback: Callback,
        decision: ReplyDecision,
        payload: Mapping[str, Any],
        at: datetime,
    ) -> None:
        """Change what the decision says, and keep the reply with the verdict that it means for the case."""
        verdict = await self._act(uow, callback, decision, payload, at)
        answer = CallbackAnswer(
            id=payload.get("reply_id") or new_id(self._clock),
            callback_id=callback.id,
            case_number=callback.case_number,
            channel=Channel.SMS,
            at=at,
            by="sms",
            verdict=verdict,
            rating=decision.rating,
            words=payload["text"],
            sms_id=callback.sms_id,
            late=decision.action is ReplyAction.LATE_TO_PERSON,
            reason=decision.reason,
        )
        await keep_answer(uow, answer)

    async def _act(
        self,
        uow: CallbacksUnitOfWork,
        callback: Callback,
        decision: ReplyDecision,
        payload: Mapping[str, Any],
        at: datetime,
    ) -> CallbackVerdict | None:
        over = callback.state.is_final
        match decision.action:
            case ReplyAction.FINISH:
                return self._finish(callback, decision, at)
            case ReplyAction.CHANGE_RATING:
                callback.rating = decision.rating
            case ReplyAction.TO_PERSON:
                callback.survey = SurveyState.DISSATISFIED if decision.rating else SurveyState.UNCLEAR
                return CallbackVerdict.NEEDS_PERSON
            case ReplyAction.LATE_TO_PERSON:
                self._late_task(uow, callback, decision.reason, at)
            case ReplyAction.OPT_OUT:
                callback.survey = callback.survey if over else SurveyState.UNANSWERED
                await self._no_more_surveys(uow, callback, payload["text"], at)
            case ReplyAction.RESCUE | ReplyAction.VERIFY:
                self._at_once(uow, callback, decision, at)
                return None if over else CallbackVerdict.NEEDS_PERSON
            case ReplyAction.RECORD:
                pass
        return None

    async def _no_more_surveys(self, uow: CallbacksUnitOfWork, callback: Callback, words: str, at: datetime) -> None:
        assert callback.phone_key is not None
        wish = Wish(phone_key=callback.phone_key, kind=WishKind.NO_SURVEY, words=words, at=at, by="sms")
        await uow.contacts.add_wish(wish)

    def _finish(self, callback: Callback, decision: ReplyDecision, at: datetime) -> CallbackVerdict | None:
        if _wants_person(callback):
            callback.reason = f"{callback.reason};随后回复{decision.rating}"
            return None
        callback.survey = SurveyState.SATISFIED
        if not _free(callback):  # a call is under way: its own end looks at the rating
            callback.rating, callback.rated_at = decision.rating, at
            return None
        callback.answer(decision.rating, at)
        return CallbackVerdict.SATISFIED

    def _at_once(self, uow: CallbacksUnitOfWork, callback: Callback, decision: ReplyDecision, at: datetime) -> None:
        task = callback
        if callback.state.is_final:
            task = self._late_task(uow, callback, decision.reason, at)
        if _free(task):
            within = self._planner.policy.verify_within
            task.call_at_once(decision.reason, WindowException.SAFETY_CHECK, self._clock.now(), within)
            self._planner.tell(uow, task)

    def _late_task(self, uow: CallbacksUnitOfWork, over: Callback, reason: str, at: datetime) -> Callback:
        """A task of its own about a callback that is over; the archived rating stands (§3.6)."""
        now = self._clock.now()
        task = Callback(
            id=new_id(self._clock),
            case_number=over.case_number,
            phone=over.phone,
            phone_key=over.phone_key,
            matter=over.matter,
            reported_on=over.reported_on,
            checked_at=at,
            created_at=now,
            is_gas=over.is_gas,
            late=True,
            complained_staff=over.complained_staff,
            feedback_summary=over.feedback_summary,
        )
        opening = self._planner.calendar.next_opening(Channel.HUMAN, now)
        due = self._planner.calendar.due(Channel.HUMAN, at, opening)
        task.take_plan(CallbackPlan(Channel.HUMAN, 1, opening, due, 8, reason, Exemption.ESCALATED), now)
        uow.callbacks.add(task)
        self._planner.tell(uow, task)
        return task


def _free(callback: Callback) -> bool:
    """Whether nobody is on the line about it or holds it."""
    return callback.state not in (CallbackState.DIALLING, CallbackState.CLAIMED) and not callback.state.is_final


def _wants_person(callback: Callback) -> bool:
    """Whether only a person may finish it (§3.1 rows 3-11, or a danger): a later kind word does not undo that."""
    if callback.channel is not Channel.HUMAN:
        return False
    return 3 <= callback.rule_number <= 11 or callback.window_exception is WindowException.SAFETY_CHECK
