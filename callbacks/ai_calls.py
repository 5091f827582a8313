"""The bookkeeping of AI calls: which is dialled next, under lease and lock, and what each brought."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta

from callbacks.answer import CallbackAnswer, ContactRecord, Wish, WishKind
from callbacks.callback import Callback, CallbackState, Move
from callbacks.contact_caps import Exemption, SurveyState
from callbacks.contact_lock import LEASE, ContactLock
from callbacks.errors import ContactLocked
from callbacks.outcome import AiAction, AiDecision
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWork, CallbacksUnitOfWorkFactory, CaseDoor
from callbacks.telling import keep_answer, refuse
from callbacks.windows import Channel, WindowException
from cases.commands import CallbackVerdict
from vocabulary.clock import SHANGHAI, Clock
from vocabulary.errors import NuanxianError
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)

LINE_RETRY = timedelta(minutes=5)
"""Pause after a call that our own lines could not make, so that a dead trunk is not hammered."""


class _PlanAgain:
    """The plan no longer holds."""


_PLAN_AGAIN = _PlanAgain()


@dataclass(frozen=True, slots=True)
class AiTask:
    """One call to make: what the voice needs to know, and the lease under which it may speak.

    Attributes:
        matter: code of the matter (``HEAT_NONE``), by which its recorded words are found; "" if unknown.
    """

    callback_id: str
    case_number: str
    phone: PhoneNumber
    matter: str
    reported_on: date
    fence: int
    lock: ContactLock


@dataclass(frozen=True, slots=True)
class AiEnd:
    """How a call ended.

    Attributes:
        call_id: None if it could not even be begun.
        facts: what was settled (``ivr.dialogue_runner.DialogueEnd.facts``).
        result: in Chinese, for the record of attempts.
        rang: False if the user's telephone cannot have rung, e.g. no line was free: no attempt, tried again later.
    """

    call_id: str | None
    decision: AiDecision
    facts: Mapping[str, str]
    result: str
    rang: bool = True


class AiCalls:
    """See the module.

    Args:
        uow_factory: one act, one transaction.
        clock: time.
        planner: windows, caps, and what comes next.
        cases: facts for planning again.
        holder: names this server in leases and locks; unique among servers that run at the same time.
    """

    def __init__(
        self,
        uow_factory: CallbacksUnitOfWorkFactory,
        clock: Clock,
        planner: Planner,
        cases: CaseDoor,
        holder: str,
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._planner = planner
        self._cases = cases
        self._holder = holder

    async def claim_due(self, limit: int) -> list[AiTask]:
        """Take up to ``limit`` callbacks to dial now: inside the window, within the caps, lock and lease taken."""
        now = self._clock.now()
        if limit < 1 or not self._planner.calendar.is_open(Channel.AI_VOICE, now):
            return []
        async with self._uow_factory() as uow:
            due = await uow.callbacks.due(Channel.AI_VOICE, now, limit)
            claims = [(callback.id, await self._claim(uow, callback, now)) for callback in due]
            await uow.commit()
        for callback_id, task in claims:
            if task is _PLAN_AGAIN:
                await self._plan_again(callback_id)
        return [await self._spoken(task) for _, task in claims if isinstance(task, AiTask)]

    async def _spoken(self, task: AiTask) -> AiTask:
        """The task with the matter's code, under which its recorded words stand."""
        try:
            facts = await self._cases.facts(task.case_number)
        except NuanxianError:
            log.exception("a case could not be read before its call", extra={"case": task.case_number})
            return replace(task, matter="")
        return replace(task, matter=facts.matter or "")

    async def _plan_again(self, callback_id: str) -> None:
        async with self._uow_factory() as uow:
            number = (await uow.callbacks.get(callback_id)).case_number
        facts = await self._cases.facts(number)
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            if callback.state is CallbackState.WAITING:
                await self._planner.plan(uow, callback, facts)
                await uow.commit()

    async def _claim(self, uow: CallbacksUnitOfWork, callback: Callback, now: datetime) -> "AiTask | _PlanAgain | None":
        calendar = self._planner.calendar
        if callback.phone is None or callback.phone_key is None:
            log.error("an AI callback without a number", extra={"callback": callback.id})
            callback.cancel("没有号码", now)
            return None
        history = await self._planner.history(uow, callback)
        if history.no_ai or history.refuses_callbacks:  # said since it was planned, perhaps about another case
            return _PLAN_AGAIN
        verdict = self._planner.policy.rules.caps.judge(history, now, callback.exemption)
        if not verdict.allowed:
            callback.not_before = calendar.next_opening(Channel.AI_VOICE, verdict.not_before)
            return None
        until = now + LEASE
        # The holder names callback and server: two calls of one dialler to one person are refused, too.
        holder = f"{self._holder}/{callback.id}"
        try:
            lock = await uow.contact_locks.take(callback.phone_key, Channel.AI_VOICE, holder, callback.id, now, until)
        except ContactLocked as locked:
            callback.not_before = calendar.next_opening(Channel.AI_VOICE, locked.expires_at)
            return None
        fence = callback.lease(Move.DIAL, self._holder, now, until)
        return AiTask(
            callback.id, callback.case_number, callback.phone, callback.matter, callback.reported_on, fence, lock
        )

    async def answered(self, task: AiTask, call_id: str) -> None:
        """The user took the call: from now on it counts as a contact, whatever happens to this process."""
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(task.callback_id)
            callback.check_lease(self._holder, task.fence)
            callback.answered_at, callback.call_id = self._clock.now(), call_id
            await uow.commit()

    async def renew(self, task: AiTask) -> bool:
        """Hold lease and lock for another 30 minutes; False if they were lost."""
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(task.callback_id)
            if callback.lease_holder != self._holder or callback.fence != task.fence:
                return False
            until = self._clock.now() + LEASE
            callback.lease_until = until
            held = await uow.contact_locks.renew(task.lock, until)
            await uow.commit()
            return held

    async def ended(self, task: AiTask, end: AiEnd) -> None:
        """Write down how a call ended, and what comes next.

        Raises:
            CallbackTaken: the lease was lost; somebody else has decided meanwhile.
        """
        facts = await self._cases.facts(task.case_number)
        now = self._clock.now()
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(task.callback_id)
            callback.check_lease(self._holder, task.fence)
            await self._settle(uow, callback, end, now)
            if callback.state is CallbackState.DIALLING:
                await self._planner.plan(uow, callback, facts)
                self._refine(callback, end, now)
            await uow.contact_locks.release(task.lock, now)
            await uow.commit()

    async def _settle(self, uow: CallbacksUnitOfWork, callback: Callback, end: AiEnd, now: datetime) -> None:
        """Attempt, answer, and the callback's state; what stays DIALLING is planned again."""
        decision = end.decision
        reached = decision.action is not AiAction.NOT_REACHED
        exemption = Exemption.USER_BEGAN if decision.action is AiAction.APPOINTMENT else callback.exemption
        if end.call_id is not None and end.rang:
            await uow.contacts.add(attempt_of(self._clock, callback, now, end, reached=reached, exemption=exemption))
        if callback.survey is SurveyState.SATISFIED and callback.rating and (decision.partial or not reached):
            # The user has answered by SMS while it rang (§3.3: 短信已回复→取消 AI).
            answer = self._answer(callback, end, now, CallbackVerdict.SATISFIED, rating=callback.rating, by_sms=True)
            callback.answer(callback.rating, callback.rated_at or now)
            await keep_answer(uow, answer)
            return
        match decision.action:
            case AiAction.NOT_REACHED:
                if end.call_id is not None and end.rang:
                    count_unanswered(self._planner, callback, now)
            case AiAction.FINISH if callback.survey not in (SurveyState.DISSATISFIED, SurveyState.UNCLEAR):
                callback.answer(decision.rating, now)
                await keep_answer(uow, self._answer(callback, end, now, CallbackVerdict.SATISFIED))
            case AiAction.APPOINTMENT:
                await keep_answer(uow, self._answer(callback, end, now, None))
            case AiAction.REFUSED:
                await self._refused(uow, callback, end, now)
            case AiAction.FINISH | AiAction.TO_PERSON | AiAction.RESCUE | AiAction.VERIFY:
                callback.ai_handed_over = True
                await self._no_robot(uow, callback, end, now)
                await keep_answer(uow, self._answer(callback, end, now, CallbackVerdict.NEEDS_PERSON))

    def _refine(self, callback: Callback, end: AiEnd, now: datetime) -> None:
        """What the table cannot know: the words of the reason, an appointment, a danger to be verified."""
        decision = end.decision
        match decision.action:
            case AiAction.RESCUE | AiAction.VERIFY:
                within = self._planner.policy.verify_within
                callback.call_at_once(decision.reason, WindowException.SAFETY_CHECK, now, within)
            case AiAction.APPOINTMENT:
                self._appoint(callback, end.facts.get("appointment", ""), now)
            case AiAction.TO_PERSON:
                callback.reason = decision.reason
            case AiAction.NOT_REACHED if not end.rang:
                later = max(callback.not_before or now, now + LINE_RETRY)
                callback.not_before = self._planner.calendar.next_opening(callback.channel, later)
            case _:
                pass

    def _appoint(self, callback: Callback, part: str, now: datetime) -> None:
        """Tomorrow morning or afternoon, in that half's window; the user chose it, so the caps do not hold."""
        calendar = self._planner.calendar
        tomorrow = now.astimezone(SHANGHAI).date() + timedelta(days=1)
        begins = time(12, 0) if part == "afternoon" else time(0, 0)
        moment = datetime.combine(tomorrow, begins, SHANGHAI).astimezone(now.tzinfo)
        callback.channel = Channel.AI_VOICE
        callback.not_before = calendar.next_opening(callback.channel, moment)
        callback.due_at = calendar.closing_of_day(callback.channel, callback.not_before)
        callback.window_exception, callback.exemption = WindowException.APPOINTMENT, Exemption.USER_BEGAN
        callback.reason = "用户预约时间"

    async def _refused(self, uow: CallbacksUnitOfWork, callback: Callback, end: AiEnd, now: datetime) -> None:
        """ "别再打": registered for good; whoever said so is not asked again, the person in charge closes the case."""
        assert callback.phone_key is not None
        words = end.facts.get("reason") or end.decision.reason
        wish = Wish(phone_key=callback.phone_key, kind=WishKind.NO_CALLBACK, words=words, at=now, by="bot")
        await uow.contacts.add_wish(wish)
        refuse(uow, callback, "bot", now)
        await keep_answer(uow, self._answer(callback, end, now, None))

    async def _no_robot(self, uow: CallbacksUnitOfWork, callback: Callback, end: AiEnd, now: datetime) -> None:
        if end.facts.get("refuses") == "ai" and callback.phone_key is not None:
            wish = Wish(phone_key=callback.phone_key, kind=WishKind.NO_AI, words=end.decision.reason, at=now, by="bot")
            await uow.contacts.add_wish(wish)

    def _answer(
        self,
        callback: Callback,
        end: AiEnd,
        now: datetime,
        verdict: CallbackVerdict | None,
        *,
        rating: str = "",
        by_sms: bool = False,
    ) -> CallbackAnswer:
        resolved = {"yes": True, "no": False}.get(end.facts.get("resolved", ""))
        return CallbackAnswer(
            id=new_id(self._clock),
            callback_id=callback.id,
            case_number=callback.case_number,
            channel=Channel.SMS if by_sms else Channel.AI_VOICE,
            at=now,
            by="sms" if by_sms else "bot",
            verdict=verdict,
            rating=rating or end.decision.rating,
            resolved=resolved,
            words=end.facts.get("reason", "") or end.facts.get("danger", ""),
            new_demand=end.facts.get("new_demand", ""),
            identity_checked=end.facts.get("person") == "confirmed",
            call_id=None if by_sms else end.call_id,
            sms_id=callback.sms_id if by_sms else None,
            partial=end.decision.partial,
            reason=end.decision.reason,
        )


def count_unanswered(planner: Planner, callback: Callback, now: datetime) -> None:
    """One more unanswered AI call, and the window it fell into."""
    day, number = planner.calendar.window_number(Channel.AI_VOICE, now)
    callback.ai_unanswered += 1
    callback.tried_windows = sorted({*callback.tried_windows, f"{day}/{number}"})


def attempt_of(
    clock: Clock, callback: Callback, at: datetime, end: AiEnd, *, reached: bool, exemption: Exemption | None
) -> ContactRecord:
    """The record of one AI call, by which the caps are counted."""
    return ContactRecord(
        id=new_id(clock),
        callback_id=callback.id,
        case_number=callback.case_number,
        phone_key=callback.phone_key or "",
        at=at,
        channel=Channel.AI_VOICE,
        reached=reached,
        by="bot",
        result=end.result,
        exemption=exemption,
        call_id=end.call_id,
    )
