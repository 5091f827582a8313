"""SMS surveys: sent when due, followed by receipts, given up when time is over (§3.6); replies: ``survey_replies``."""

import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from callbacks.answer import CallbackAnswer, ContactRecord
from callbacks.callback import Callback, CallbackState
from callbacks.contact_caps import SurveyState
from callbacks.errors import CallbackNotFound, ContactLocked
from callbacks.planning import Planner
from callbacks.ports import (
    CallbacksUnitOfWork,
    CallbacksUnitOfWorkFactory,
    CaseDoor,
    SmsSender,
)
from callbacks.questionnaire import EXTENSION_REST, choose_extension, notice_text, survey_text
from callbacks.telling import keep_answer
from callbacks.windows import Channel
from cases.commands import CallbackVerdict
from sms.messages import OutgoingSms, SmsKind
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
    """

    def __init__(
        self,
        uow_factory: CallbacksUnitOfWorkFactory,
        clock: Clock,
        planner: Planner,
        cases: CaseDoor,
        sender: SmsSender,
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._planner = planner
        self._cases = cases
        self._sender = sender

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
        if callback.phone is None or callback.phone_key is None:
            callback.channel, callback.reason = Channel.HUMAN, "没有可发短信的号码,人工回访"
            return False
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
            callback = await callback_of(uow, payload.get("reference"))
            if callback is None or callback.sms_id != payload["sms_id"]:
                return
            now = self._clock.now()
            if callback.state is not CallbackState.SENDING:
                await self._late_receipt(uow, callback, payload["state"], now)
                await uow.commit()
                return
            if payload["state"] == "delivered":
                callback.delivered(now, self._planner.calendar.next_day_opening(callback.channel, now))
                await uow.contacts.add(self._contact(callback, now, reached=True, result="短信已送达"))
                if callback.channel is Channel.SMS_NOTICE:
                    await self._told(uow, callback, now)
            else:
                callback.survey, failed = SurveyState.FAILED, True
                await uow.contacts.add(self._contact(callback, now, reached=False, result="短信未送达"))
            await uow.commit()
        if failed:
            await self._plan_again(payload["reference"])

    async def _told(self, uow: CallbacksUnitOfWork, callback: Callback, now: datetime) -> None:
        """Row 16: a suggestion's user knows what became of it; the case may be archived."""
        callback.answer("", now)
        told = CallbackAnswer(
            id=new_id(self._clock),
            callback_id=callback.id,
            case_number=callback.case_number,
            channel=Channel.SMS_NOTICE,
            at=now,
            by="sms",
            verdict=None if callback.late else CallbackVerdict.TOLD,
            sms_id=callback.sms_id,
            reason="采纳情况短信已送达",
        )
        await keep_answer(uow, told)

    async def _late_receipt(self, uow: CallbacksUnitOfWork, callback: Callback, state: str, now: datetime) -> None:
        """It was delivered after the plan had moved on: no more than a contact that counts towards the caps."""
        if state == "delivered" and callback.survey_delivered_at is None:
            callback.survey_delivered_at = now
            await uow.contacts.add(self._contact(callback, now, reached=True, result="短信迟到送达"))

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

    def _contact(self, callback: Callback, at: datetime, *, reached: bool, result: str) -> ContactRecord:
        return ContactRecord(
            id=new_id(self._clock),
            callback_id=callback.id,
            case_number=callback.case_number,
            phone_key=callback.phone_key or "",
            at=at,
            channel=Channel.SMS,
            reached=reached,
            by="sms",
            result=result,
            exemption=callback.exemption,
            sms_id=callback.sms_id,
        )


async def callback_of(uow: CallbacksUnitOfWork, reference: str | None) -> Callback | None:
    """The callback that a message belongs to; other rooms' references are none of ours."""
    if not reference:
        return None
    try:
        return await uow.callbacks.get(reference)
    except CallbackNotFound:
        return None
