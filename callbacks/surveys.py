"""SMS surveys: sent when due, followed by receipts, read when answered, given up when time is over (§3.6)."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from callbacks.answer import CallbackAnswer, ContactRecord, Wish, WishKind
from callbacks.callback import Callback, CallbackState
from callbacks.contact_caps import Exemption, SurveyState
from callbacks.errors import CallbackNotFound, ContactLocked
from callbacks.outcome import AnswerSoFar, ReplyAction, ReplyDecision, decide_reply
from callbacks.plan import CallbackPlan
from callbacks.planning import Planner
from callbacks.ports import (
    CallbacksUnitOfWork,
    CallbacksUnitOfWorkFactory,
    CaseDoor,
    SafetyAlarm,
    SmsSender,
)
from callbacks.questionnaire import ANSWERED_WITHIN, EXTENSION_REST, choose_extension, notice_text, survey_text
from callbacks.telling import keep_answer
from callbacks.windows import Channel, WindowException
from cases.commands import CallbackVerdict
from sms.messages import OutgoingSms, SmsKind
from sms.replies import ReplyKind
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)

_BATCH = 20
_OUTBOX = "短信问卷"


class Surveys:
    """See the module.

    Args:
        uow_factory: transactions; the outbox row is written in the same one as the callback's state.
        clock: time.
        planner: plans again what an SMS could not settle.
        cases: facts for that.
        sender: the outbox.
        alarm: dangers that were written.
    """

    def __init__(
        self,
        uow_factory: CallbacksUnitOfWorkFactory,
        clock: Clock,
        planner: Planner,
        cases: CaseDoor,
        sender: SmsSender,
        alarm: SafetyAlarm,
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._planner = planner
        self._cases = cases
        self._sender = sender
        self._alarm = alarm

    async def send_due(self) -> int:
        """Queue every survey and notice whose time has come; how many were queued."""
        queued = 0
        unsendable: list[str] = []
        for channel in (Channel.SMS, Channel.SMS_NOTICE):
            now = self._clock.now()
            if not self._planner.calendar.is_open(channel, now):
                continue
            async with self._uow_factory() as uow:
                for callback in await uow.callbacks.due(channel, now, _BATCH):
                    sent = await self._send(uow, callback, now)
                    queued += sent is True
                    if sent is None:
                        unsendable.append(callback.id)
                await uow.commit()
        for callback_id in unsendable:
            await self._plan_again(callback_id)
        return queued

    async def _send(self, uow: CallbacksUnitOfWork, callback: Callback, now: datetime) -> bool | None:
        """True: queued. False: not now. None: the user refuses surveys, or has another open one: plan again."""
        assert callback.phone is not None and callback.phone_key is not None
        if callback.channel is Channel.SMS and await uow.callbacks.has_open_survey(callback.phone_key, callback.id):
            return None
        history = await self._planner.history(uow, callback)
        verdict = self._planner.policy.rules.caps.judge(history, now, callback.exemption)
        if not verdict.allowed:
            callback.not_before = self._planner.calendar.next_opening(callback.channel, verdict.not_before)
            return False
        try:
            lock = await uow.contact_locks.take(callback.phone_key, Channel.SMS, _OUTBOX, callback.id, now, now)
        except ContactLocked as locked:
            callback.not_before = self._planner.calendar.next_opening(callback.channel, locked.expires_at)
            return False
        sms_id, extension = await self._queue(uow, callback, now)
        await uow.contact_locks.release(lock, now)
        if sms_id is None:
            return None
        callback.send(sms_id, extension, now, self._planner.calendar.next_day_opening(callback.channel, now))
        return True

    async def _queue(self, uow: CallbacksUnitOfWork, callback: Callback, now: datetime) -> tuple[str | None, str]:
        assert callback.phone is not None and callback.phone_key is not None
        policy = self._planner.policy
        survey = callback.channel is Channel.SMS
        words = survey_text if survey else notice_text
        extension = ""
        if policy.extension_digits:
            used = await uow.callbacks.extensions_since(callback.phone_key, now - EXTENSION_REST)
            extension = choose_extension(callback.case_number, used, policy.extension_digits)
        sms = OutgoingSms(
            to=callback.phone,
            phone_key=callback.phone_key,
            text=words(policy.survey_text, callback.matter, callback.reported_on),
            kind=SmsKind.SURVEY if survey else SmsKind.NOTICE,
            reference=callback.id,
            not_before=now,
            matter="gas" if callback.is_gas else "heat",
            extension=extension,
        )
        return await self._sender.queue(uow, sms), extension

    async def on_receipt(self, payload: Mapping[str, Any]) -> None:
        """Topic ``sms.receipt``: a survey was delivered, or failed (row 14)."""
        failed = False
        async with self._uow_factory() as uow:
            callback = await self._by_reference(uow, payload.get("reference"))
            if callback is None or callback.sms_id != payload["sms_id"] or callback.state is not CallbackState.SENDING:
                return
            now = self._clock.now()
            if payload["state"] == "delivered":
                callback.delivered(now, self._planner.calendar.next_day_opening(callback.channel, now))
                await uow.contacts.add(self._contact(callback, now, reached=True, result="短信已送达"))
                if callback.channel is Channel.SMS_NOTICE:
                    callback.answer("", now)
            else:
                callback.survey, failed = SurveyState.FAILED, True
                await uow.contacts.add(self._contact(callback, now, reached=False, result="短信未送达"))
            await uow.commit()
        if failed:
            await self._plan_again(payload["reference"])

    async def give_up_unanswered(self) -> int:
        """Surveys whose time is over go on by voice (row 13); how many."""
        async with self._uow_factory() as uow:
            over = [callback.id for callback in await uow.callbacks.surveys_over(self._clock.now(), _BATCH)]
        for callback_id in over:
            await self._plan_again(callback_id, unanswered=True)
        return len(over)

    async def _plan_again(self, callback_id: str, *, unanswered: bool = False) -> None:
        async with self._uow_factory() as uow:
            number = (await uow.callbacks.get(callback_id)).case_number
        facts = await self._cases.facts(number)
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            waits = callback.state in (CallbackState.SENDING, CallbackState.ASKED)
            if callback.state.is_final or (unanswered and not waits):
                return
            if unanswered:
                callback.survey = SurveyState.UNANSWERED
            await self._planner.plan(uow, callback, facts)
            await uow.commit()

    async def on_reply(self, payload: Mapping[str, Any]) -> None:
        """Topic ``sms.reply``: decide about one reply; a repeated event changes nothing."""
        at = datetime.fromisoformat(payload["received_at"])
        kind = ReplyKind(payload["reading"])
        async with self._uow_factory() as uow:
            found = await self._by_reference(uow, payload.get("reference"))
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
        verdict: CallbackVerdict | None = None
        late = callback.state.is_final
        match decision.action:
            case ReplyAction.FINISH:
                verdict = self._finish(callback, decision, at)
            case ReplyAction.CHANGE_RATING:
                callback.rating, callback.rated_at = decision.rating, callback.rated_at or at
            case ReplyAction.TO_PERSON:
                verdict = CallbackVerdict.NEEDS_PERSON
                callback.survey = SurveyState.DISSATISFIED if decision.rating else SurveyState.UNCLEAR
            case ReplyAction.LATE_TO_PERSON:
                late = True
                self._late_task(uow, callback, decision.reason, at)
            case ReplyAction.OPT_OUT:
                assert callback.phone_key is not None
                callback.survey = SurveyState.UNANSWERED if not late else callback.survey
                wish = Wish(
                    phone_key=callback.phone_key, kind=WishKind.NO_SURVEY, words=payload["text"], at=at, by="sms"
                )
                await uow.contacts.add_wish(wish)
            case ReplyAction.RESCUE | ReplyAction.VERIFY:
                verdict = None if late else CallbackVerdict.NEEDS_PERSON
                self._at_once(uow, callback, decision, at)
            case ReplyAction.RECORD:
                pass
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
            late=late and decision.action is ReplyAction.LATE_TO_PERSON,
            reason=decision.reason,
        )
        await keep_answer(uow, answer)

    def _finish(self, callback: Callback, decision: ReplyDecision, at: datetime) -> CallbackVerdict | None:
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

    async def _by_reference(self, uow: CallbacksUnitOfWork, reference: str | None) -> Callback | None:
        if not reference:
            return None
        try:
            return await uow.callbacks.get(reference)
        except CallbackNotFound:
            return None

    def _contact(self, callback: Callback, at: datetime, *, reached: bool, result: str) -> ContactRecord:
        return ContactRecord(
            id=new_id(self._clock),
            callback_id=callback.id,
            case_number=callback.case_number,
            phone_key=callback.phone_key or "",
            at=at,
            channel=callback.channel,
            reached=reached,
            by="sms",
            result=result,
            exemption=callback.exemption,
            sms_id=callback.sms_id,
        )


def _free(callback: Callback) -> bool:
    """Whether nobody is on the line about it or holds it."""
    return callback.state not in (CallbackState.DIALLING, CallbackState.CLAIMED) and not callback.state.is_final
