"""The ticker of the cases' limits: every minute it tells, once each, which thresholds have passed (topic ``alert``)."""

import logging
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self

from cases.ports import Events
from cases.reminders import Reminder, RunningTimer, due_reminders
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

EVERY_S = 60.0
"""The shortest limit is three minutes (§2.1, P0 not signed)."""


class Reminders(Protocol):
    """Running timers of one unit of work, and what was told about them."""

    async def running(self) -> list[RunningTimer]:
        """Timers that run, do not stand still and were not told to be over."""
        ...

    async def remember(self, reminder: Reminder, at: datetime) -> bool:
        """Keep that it is told; False if it was told before."""
        ...


class RemindersUnitOfWork(Protocol):
    """One transaction; ``store.unit_of_work.SqlUnitOfWork`` serves it."""

    @property
    def reminders(self) -> Reminders:
        """See Reminders."""
        ...

    @property
    def events(self) -> Events:
        """See Events."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def commit(self) -> None:
        """Write all or nothing."""
        ...


class RemindersUnitOfWorkFactory(Protocol):
    """Makes units of work."""

    def __call__(self) -> RemindersUnitOfWork:
        """A fresh one."""
        ...


class Reminding:
    """See the module.

    Args:
        uow_factory: alert and memory of it are one transaction, so a restart repeats and loses nothing.
        clock: the hour, and the minute between two looks.
    """

    def __init__(self, uow_factory: RemindersUnitOfWorkFactory, clock: Clock) -> None:
        self._uow_factory = uow_factory
        self._clock = clock

    async def tick(self) -> int:
        """Tell what is due; how many alerts were told."""
        now, told = self._clock.now(), 0
        async with self._uow_factory() as uow:
            for reminder in due_reminders(await uow.reminders.running(), now):
                if await uow.reminders.remember(reminder, now):
                    uow.events.append("alert", _payload(reminder))
                    told += 1
            await uow.commit()
        if told:
            log.warning("limits of cases have passed", extra={"alerts": told})
        return told

    async def run(self, every_s: float = EVERY_S) -> None:
        """Tick until cancelled."""
        while True:
            try:
                await self.tick()
            except Exception:  # whatever it was, the next minute tries again
                log.exception("the limits of cases could not be looked after")
            await self._clock.sleep(every_s)


def _payload(reminder: Reminder) -> dict[str, str]:
    return {
        "kind": reminder.kind,
        "case_number": reminder.case_number,
        "timer": reminder.name,
        "due_at": reminder.due_at.isoformat(),
        "reason": reminder.reason,
        "action": reminder.action,
    }
