"""What the person in charge decides, case by case: 未联系上 (§2.2) and putting off (§3.4). Each with a reason."""

from datetime import datetime

from callbacks.answer import CallbackAnswer
from callbacks.callback import CallbackState
from callbacks.errors import CallbackMoveRefused
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWorkFactory
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
