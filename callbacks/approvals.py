"""What the person in charge decides, case by case: 未联系上 (§2.2), 拒访 (§3.1), putting off (§3.4); with a reason."""

from datetime import datetime

from callbacks.answer import CallbackAnswer, WishKind
from callbacks.callback import Callback, CallbackState
from callbacks.errors import CallbackMoveRefused
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWork, CallbacksUnitOfWorkFactory
from callbacks.telling import keep_answer
from callbacks.windows import Channel
from cases.commands import CallbackVerdict
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id


class Approvals:
    """See the module.

    Args:
        uow_factory: one decision, one transaction.
        clock: time.
        planner: windows.
    """

    def __init__(self, uow_factory: CallbacksUnitOfWorkFactory, clock: Clock, planner: Planner) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._planner = planner

    async def approve_unreached(self, callback_id: str, by: str, reason: str) -> None:
        """The person in charge agrees, case by case, that a user could not be reached (§2.2).

        Raises:
            CallbackMoveRefused: it does not wait for that.
        """
        now = self._clock.now()
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            if callback.state is not CallbackState.UNREACHED or not callback.needs_approval:
                raise CallbackMoveRefused(callback.state.value, "批准未联系上")
            callback.needs_approval = False
            answer = CallbackAnswer(
                id=new_id(self._clock),
                callback_id=callback.id,
                case_number=callback.case_number,
                channel=Channel.HUMAN,
                at=now,
                by=by,
                verdict=CallbackVerdict.UNREACHABLE,
                reason=reason,
                attempts=callback.human_attempts + callback.ai_unanswered,
                windows=len(callback.tried_windows),
                sms_sent=callback.phone is not None and callback.phone.is_mobile,
                approved_by=by,
            )
            await keep_answer(uow, answer)
            await uow.commit()

    async def approve_refused(self, callback_id: str, by: str, reason: str) -> None:
        """The person in charge agrees that a user is not asked who does not want to be (§3.1: 用户拒访,附原话).

        Raises:
            CallbackMoveRefused: it does not wait for that.
        """
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            if callback.state is not CallbackState.REFUSED or not callback.needs_approval:
                raise CallbackMoveRefused(callback.state.value, "批准拒访")
            callback.needs_approval = False
            said = await uow.contacts.last_answer(callback.id)
            answer = CallbackAnswer(
                id=new_id(self._clock),
                callback_id=callback.id,
                case_number=callback.case_number,
                channel=said.channel if said else Channel.HUMAN,
                at=self._clock.now(),
                by=by,
                verdict=CallbackVerdict.REFUSED,
                words=(said.words or said.reason) if said else await self._words(uow, callback),
                call_id=said.call_id if said else None,
                reason=reason,
                approved_by=by,
            )
            await keep_answer(uow, answer)
            await uow.commit()

    async def _words(self, uow: CallbacksUnitOfWork, callback: Callback) -> str:
        """What the user said when the wish was registered, in an earlier contact."""
        wish = await uow.contacts.wish(callback.phone_key, WishKind.NO_CALLBACK) if callback.phone_key else None
        return wish.words if wish else "档案登记:用户拒绝回访"

    async def defer(self, callback_id: str, to: datetime, by: str, reason: str) -> None:
        """The person in charge puts a callback off (§3.4: reason, new date, who)."""
        async with self._uow_factory() as uow:
            callback = await uow.callbacks.get(callback_id)
            if callback.state is not CallbackState.WAITING:
                raise CallbackMoveRefused(callback.state.value, "顺延")
            opening = self._planner.calendar.next_opening(callback.channel, to)
            callback.deferred_to, callback.not_before, callback.priority = to, opening, 0
            callback.due_at = self._planner.calendar.closing_of_day(callback.channel, opening)
            detail = {"callback": callback.id, "to": opening.isoformat()}
            uow.audit.append(by, "callback.deferred", callback.case_number, reason, detail)
            await uow.commit()
