"""What vanished holders left behind: claims go back to the queue, calls are counted, answered ones go to a person."""

import logging

from callbacks.ai_calls import AiEnd, attempt_of, count_unanswered
from callbacks.callback import Callback, CallbackState
from callbacks.outcome import AiAction, AiDecision
from callbacks.planning import Planner
from callbacks.ports import CallbacksUnitOfWork, CallbacksUnitOfWorkFactory, CaseDoor
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

_LOST = "通话因系统中断"


class Recovery:
    """See the module.

    Args:
        uow_factory: each callback in a transaction of its own.
        clock: time.
        planner: what comes next.
        cases: facts for that.
        holder: this server's name in leases.
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

    async def recover(self) -> int:
        """Leases whose holder vanished: claims go back, calls are counted, answered ones go to a person; how many."""
        async with self._uow_factory() as uow:
            lapsed = [(each.id, each.fence) for each in await uow.callbacks.leases_over(self._clock.now(), 20)]
        return await self._recover_each(lapsed)

    async def recover_own(self) -> int:
        """At the start, before the first call: what an earlier life of this server, of the same name, held."""
        async with self._uow_factory() as uow:
            own = [(each.id, each.fence) for each in await uow.callbacks.dialled_by(self._holder)]
        return await self._recover_each(own)

    async def _recover_each(self, lost: list[tuple[str, int]]) -> int:
        for callback_id, fence in lost:
            async with self._uow_factory() as uow:
                number = (await uow.callbacks.get(callback_id)).case_number
            facts = await self._cases.facts(number)
            async with self._uow_factory() as uow:
                callback = await uow.callbacks.get(callback_id)
                if callback.fence != fence:
                    continue
                if callback.state is CallbackState.CLAIMED:
                    log.warning("claim lapsed", extra={"callback": callback.id, "staff": callback.lease_holder})
                    callback.release()
                elif callback.state is CallbackState.DIALLING:
                    await self._recover_call(uow, callback)
                    await self._planner.plan(uow, callback, facts)
                await uow.commit()
        return len(lost)

    async def _recover_call(self, uow: CallbacksUnitOfWork, callback: Callback) -> None:
        """Whoever answered was contacted; whoever did not may have heard it ring."""
        log.warning("an AI call was lost with its process", extra={"callback": callback.id})
        now = self._clock.now()
        reached = callback.answered_at is not None
        if reached:
            callback.ai_handed_over = True
        else:
            count_unanswered(self._planner, callback, now)
        decision = AiDecision(AiAction.TO_PERSON if reached else AiAction.NOT_REACHED, "", _LOST, partial=True)
        end = AiEnd(callback.call_id, decision, {}, _LOST)
        at = callback.answered_at or now
        attempt = attempt_of(self._clock, callback, at, end, reached=reached, exemption=callback.exemption)
        await uow.contacts.add(attempt)
        lock = await uow.contact_locks.of(callback.phone_key or "", now)
        if lock is not None and lock.callback_id == callback.id:
            await uow.contact_locks.release(lock, now)
