"""Carry out a use case in a unit of work, anew when somebody else was quicker."""

import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

from cases.ports import CasesUnitOfWork, CasesUnitOfWorkFactory
from vocabulary.errors import AlreadyExists, ConcurrentChange

log = logging.getLogger(__name__)
Result = TypeVar("Result")
UseCase = Callable[[CasesUnitOfWork], Awaitable[Result]]

_TRIES = 4
"""A machine's change fits on any version of the case, so it is tried again on the newer one."""


class Races:
    """Runs use cases.

    Args:
        uow_factory: makes units of work.
    """

    def __init__(self, uow_factory: CasesUnitOfWorkFactory) -> None:
        self._uow_factory = uow_factory

    async def once(self, use_case: UseCase[Result]) -> Result:
        """In one unit; a lost race is the caller's to decide.

        Raises:
            ConcurrentChange: the case changed meanwhile.
        """
        async with self._uow_factory() as uow:
            return await use_case(uow)

    async def until_won(self, use_case: UseCase[Result]) -> Result:
        """In one unit, and in a fresh one when the race was lost, a few times.

        Raises:
            ConcurrentChange, AlreadyExists: it was lost every time.
        """
        for attempt in range(1, _TRIES):
            try:
                return await self.once(use_case)
            except (ConcurrentChange, AlreadyExists):
                log.info("case changed meanwhile, tried anew", extra={"attempt": attempt})
        return await self.once(use_case)
