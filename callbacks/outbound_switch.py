"""一键暂停 of machine calling (§3.3): a row, so that it holds for every server and outlives each of them."""

import logging

from callbacks.ports import CallbacksUnitOfWorkFactory, SwitchPosition
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

SUBJECT = "machine calling"
"""Under which the audit trail keeps who paused and who resumed."""


class OutboundSwitch:
    """Stops new machine calls within one tick of each dialler; what is being talked is talked to its end.

    Also holds whether the carrier permits outbound calls by the 96 number at all (§3.8): without a permit, closed.

    Args:
        uow_factory: reads and moves the switch; each move is one transaction with its audit entry.
        clock: time of each move.
        permitted: the permit's document is registered and has not expired.
    """

    def __init__(self, uow_factory: CallbacksUnitOfWorkFactory, clock: Clock, *, permitted: bool = True) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self.permitted = permitted

    async def pause(self, by: str, reason: str = "一键暂停") -> SwitchPosition:
        """No further machine calls until resume()."""
        return await self._move("machine_calling.pause", by, reason, paused=True)

    async def resume(self, by: str, reason: str = "恢复") -> SwitchPosition:
        """Machine calls go on."""
        return await self._move("machine_calling.resume", by, reason, paused=False)

    async def position(self) -> SwitchPosition | None:
        """Where it stands; None while nobody ever moved it."""
        async with self._uow_factory() as uow:
            return await uow.outbound_switch.position()

    async def outbound_allowed(self) -> bool:
        """Whether machines may call users now."""
        if not self.permitted:
            return False
        standing = await self.position()
        return standing is None or not standing.paused

    async def _move(self, action: str, by: str, reason: str, *, paused: bool) -> SwitchPosition:
        moved = SwitchPosition(paused, by, self._clock.now(), reason)
        async with self._uow_factory() as uow:
            await uow.outbound_switch.move(moved)
            uow.audit.append(by, action, SUBJECT, reason, {"paused": paused})
            await uow.commit()
        log.warning("machine calling switched", extra={"paused": paused, "by": by, "reason": reason})
        return moved
