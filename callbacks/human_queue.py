"""The human callback queue: claim, release, finish, and what happens when nobody answers (§2.2, §3.3, §3.5).

A claim takes the person's contact lock, so pending SMS and AI calls of that person stop and are asked in the same
conversation, case by case. Claims are leases: whoever vanishes gives the task back after 30 minutes.
"""

import logging
from dataclasses import dataclass
from datetime import datetime

from callbacks.answer import CallbackAnswer, ContactRecord, Wish, WishKind
from callbacks.callback import Callback, CallbackState, Move
from callbacks.contact_caps import Exemption
from callbacks.contact_lock import ContactLock
from callbacks.errors import CallbackMoveRefused, CallbackTaken, ContactLocked, ResultIncomplete
from callbacks.human_result import VERDICTS, HumanOutcome, HumanResult
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWork, CallbacksUnitOfWorkFactory, SmsSender
from callbacks.telling import keep_answer, refuse
from callbacks.windows import Channel
from cases.commands import CallbackVerdict
from sms.messages import OutgoingSms, SmsKind
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)

_UNREACHED_TEXT = "【{signature}】您好,我们多次来电回访未能与您联系上。您反映的{matter}如仍未解决,请拨96556。"


@dataclass(frozen=True, slots=True)
class Claim:
    """What a person holds.

    Attributes:
        callback_ids: the claimed task first, then the same person's other cases, asked in the same conversation.
        lock: the contact lock; renew it during a call.
        until: when it goes back to the queue by itself.
    """

    callback_ids: tuple[str, ...]
    lock: ContactLock
    until: datetime


class HumanQueue:
    """See the module.

    Args:
        uow_factory: one act, one transaction.
        clock: time.
        planner: windows and policy.
        sender: withdraws pending surveys, sends the last message to whom nobody reached.
    """

    def __init__(
        self, uow_factory: CallbacksUnitOfWorkFactory, clock: Clock, planner: Planner, sender: SmsSender
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._planner = planner
        self._sender = sender

    async def claim_next(self, staff: str) -> Claim | None:
        """The first task in order that this person may take; None if there is none."""
        now = self._clock.now()
        async with self._uow_factory() as uow:
            waiting = [
                callback.id
                for callback in await uow.callbacks.due(Channel.HUMAN, now, 20)
                if callback.complained_staff != staff
            ]
        for callback_id in waiting:
            try:
                return await self.claim(callback_id, staff)
            except (CallbackTaken, CallbackMoveRefused, ContactLocked) as lost:
                log.info(
                    "task cannot be taken now, the next is tried", extra={"callback": callback_id, "reason": str(lost)}
                )
        return None

    async def claim(self, callback_id: str, staff: str) -> Claim:
        """Take a task, and with it all that is pending about the same person.

        Raises:
            CallbackNotFound, CallbackMoveRefused: it is over, held, or being dialled; or it complains about ``staff``.
            ContactLocked: the person is being contacted by another way right now.
        """
        now = self._clock.now()
        until = now + self._planner.policy.claim
        async with self._uow_factory() as uow:
            first = await uow.callbacks.get(callback_id)
            if first.complained_staff == staff:
                raise CallbackMoveRefused(first.state.value, "由被投诉人回访")
            if first.phone_key is None:
                raise CallbackMoveRefused(first.state.value, "没有电话的回访")
            if first.state is CallbackState.CLAIMED and first.lease_holder != staff:
                raise CallbackTaken(f"已由 {first.lease_holder} 领取")
            lock = await uow.contact_locks.take(first.phone_key, Channel.HUMAN, staff, first.id, now, until)
            claimed = [await self._claim_one(uow, first, staff, now, until)]
            others = await uow.callbacks.live_of_person(first.phone_key)
            claimed += [
                await self._claim_one(uow, other, staff, now, until, joins=True)
                for other in others
                if other.id != first.id and other.complained_staff != staff
            ]
            await uow.commit()
        return Claim(tuple(each for each in claimed if each), lock, until)

    async def _claim_one(
        self,
        uow: CallbacksUnitOfWork,
        callback: Callback,
        staff: str,
        now: datetime,
        until: datetime,
        *,
        joins: bool = False,
    ) -> str | None:
        """Claim one; of the person's others only what can still be stopped."""
        if joins and callback.state in (CallbackState.ASKED, CallbackState.DIALLING, CallbackState.CLAIMED):
            return None
        if callback.state is CallbackState.CLAIMED:
            callback.lease_until = until
            return callback.id
        if callback.state is CallbackState.SENDING:
            assert callback.sms_id is not None
            stopped = await self._sender.cancel(uow, callback.sms_id, "人工回访已占用该用户")
            if joins and not stopped:
                return None
        if callback.channel is not Channel.HUMAN:
            callback.channel = Channel.HUMAN
            callback.reason = f"{callback.reason};人工占用,合并为一次人工回访"
        callback.lease(Move.CLAIM, staff, now, until)
        uow.audit.append(staff, "callback.claimed", callback.case_number, callback.reason, {"callback": callback.id})
        return callback.id

    async def take_over(self, phone_key: str, staff: str) -> Claim | None:
        """The user rings us: claim what is pending about that person, to be finished in this call (§3.3)."""
        async with self._uow_factory() as uow:
            live = await uow.callbacks.live_of_person(phone_key)
            free = [each.id for each in live if each.state is not CallbackState.DIALLING]
        return await self.claim(free[0], staff) if free else None

    async def renew(self, callback_id: str, staff: str, lock: ContactLock | None = None) -> datetime:
        """Hold it for another 30 minutes, e.g. while the call lasts. Raises: CallbackTaken: it was lost."""
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            callback.check_lease(staff)
            until = self._clock.now() + self._planner.policy.claim
            callback.lease_until = until
            assert callback.phone_key is not None
            held = lock or await uow.contact_locks.of(callback.phone_key, self._clock.now())
            if held is None or held.holder != staff or not await uow.contact_locks.renew(held, until):
                raise CallbackTaken("联系锁已被他人占用")
            await uow.commit()
        return until

    async def release(self, callback_id: str, staff: str) -> None:
        """Put a task back without a result. Raises: CallbackTaken: it is not this person's."""
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            callback.check_lease(staff)
            callback.release()
            uow.audit.append(staff, "callback.released", callback.case_number, "", {"callback": callback.id})
            await self._unlock(uow, callback, staff)
            await uow.commit()

    async def finish(self, callback_id: str, staff: str, result: HumanResult) -> CallbackState:
        """Write down what a conversation brought; the state in which the callback now stands.

        Raises:
            ResultIncomplete: names what §3.5 asks for and is missing.
            CallbackTaken: the claim ran out and somebody else has it.
        """
        if missing := result.missing():
            raise ResultIncomplete(missing)
        now = self._clock.now()
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            callback.check_lease(staff)
            reached = result.outcome is not HumanOutcome.NOT_REACHED
            await uow.contacts.add(_contact(self._clock, callback, staff, now, result, reached))
            if reached:
                await self._reached(uow, callback, staff, result, now)
            else:
                await self._not_reached(uow, callback, staff, result, now)
            await self._unlock(uow, callback, staff)
            await uow.commit()
            return callback.state

    async def _reached(
        self, uow: CallbacksUnitOfWork, callback: Callback, staff: str, result: HumanResult, now: datetime
    ) -> None:
        assert callback.phone_key is not None
        verdict = VERDICTS.get(result.outcome)
        if result.outcome is HumanOutcome.REFUSED:
            wish = Wish(phone_key=callback.phone_key, kind=WishKind.NO_CALLBACK, words=result.words, at=now, by=staff)
            await uow.contacts.add_wish(wish)
        answer = _answer(self._clock, callback, staff, now, result, None if callback.late else verdict)
        if result.outcome is HumanOutcome.REFUSED and not callback.late:
            refuse(uow, callback, staff, now)
        else:
            callback.answer(result.rating, now)
        await keep_answer(uow, answer)

    async def _not_reached(
        self, uow: CallbacksUnitOfWork, callback: Callback, staff: str, result: HumanResult, now: datetime
    ) -> None:
        """Another try in another window, or 未联系上 after the third in the second window, with a last message."""
        policy, calendar = self._planner.policy, self._planner.calendar
        day, number = calendar.window_number(Channel.HUMAN, now)
        callback.human_attempts += 1
        callback.tried_windows = sorted({*callback.tried_windows, f"{day}/{number}"})
        attempts, windows = callback.human_attempts + callback.ai_unanswered, len(callback.tried_windows)
        if attempts < policy.unreached_attempts or windows < policy.unreached_windows:
            callback.release()
            history = await self._planner.history(uow, callback)
            later = self._planner.retry_later(callback, Channel.HUMAN, now)
            verdict = policy.rules.caps.judge(history, later, Exemption.ESCALATED)  # unanswered calls only
            callback.not_before = calendar.next_opening(Channel.HUMAN, verdict.not_before)
            callback.due_at = calendar.closing_of_day(Channel.HUMAN, callback.not_before)
            return
        sms_sent = await self._last_message(uow, callback, now)
        verdict_of_case = None if callback.needs_approval or callback.late else CallbackVerdict.UNREACHABLE
        answer = _answer(
            self._clock,
            callback,
            staff,
            now,
            result,
            verdict_of_case,
            attempts=attempts,
            windows=windows,
            sms_sent=sms_sent,
        )
        callback.give_up(now)
        await keep_answer(uow, answer)
        if callback.needs_approval:
            detail = {"kind": "callback.unreached", "callback_id": callback.id, "case_number": callback.case_number}
            uow.events.append("alert", detail)

    async def _last_message(self, uow: CallbacksUnitOfWork, callback: Callback, now: datetime) -> bool:
        if callback.phone is None or callback.phone_key is None or not callback.phone.is_mobile:
            return False
        signature = self._planner.policy.survey_text.signature
        sms = OutgoingSms(
            to=callback.phone,
            phone_key=callback.phone_key,
            text=_UNREACHED_TEXT.format(signature=signature, matter=callback.matter or "问题"),
            kind=SmsKind.NOTICE,
            reference=callback.id,
            not_before=now,
        )
        return await self._sender.queue(uow, sms) is not None

    async def _unlock(self, uow: CallbacksUnitOfWork, callback: Callback, staff: str) -> None:
        """Give the lock back with the last task that this person holds about the user."""
        assert callback.phone_key is not None
        live = await uow.callbacks.live_of_person(callback.phone_key)
        if any(each.lease_holder == staff and each.id != callback.id for each in live):
            return
        now = self._clock.now()
        lock = await uow.contact_locks.of(callback.phone_key, now)
        if lock is not None and lock.holder == staff:
            await uow.contact_locks.release(lock, now)


def _contact(
    clock: Clock, callback: Callback, staff: str, now: datetime, result: HumanResult, reached: bool
) -> ContactRecord:
    return ContactRecord(
        id=new_id(clock),
        callback_id=callback.id,
        case_number=callback.case_number,
        phone_key=callback.phone_key or "",
        at=now,
        channel=Channel.HUMAN,
        reached=reached,
        by=staff,
        result=result.outcome.value,
        exemption=callback.exemption,
        call_id=result.call_id or None,
    )


def _answer(
    clock: Clock,
    callback: Callback,
    staff: str,
    now: datetime,
    result: HumanResult,
    verdict: CallbackVerdict | None,
    *,
    attempts: int = 0,
    windows: int = 0,
    sms_sent: bool = False,
) -> CallbackAnswer:
    return CallbackAnswer(
        id=new_id(clock),
        callback_id=callback.id,
        case_number=callback.case_number,
        channel=Channel.HUMAN,
        at=now,
        by=staff,
        verdict=verdict,
        rating=result.rating,
        attitude=result.attitude,
        timeliness=result.timeliness,
        outcome=result.outcome_rating,
        contacted=result.contacted,
        visited=result.visited,
        resolved=result.resolved,
        reason_code=result.reason_code,
        words=result.words,
        new_demand=result.new_demand,
        identity_checked=result.identity_checked,
        feedback_read=result.feedback_read,
        call_id=result.call_id or None,
        late=callback.late,
        reason=result.words or result.outcome.value,
        attempts=attempts,
        windows=windows,
        sms_sent=sms_sent,
    )
