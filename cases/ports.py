"""What cases need from outside: a unit of work with these repositories, and somebody who reads a demand's text."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

from cases.duplicates import Demand
from cases.person import Person, Reporter
from cases.sorting import Suggestion
from vocabulary.phone_number import PhoneNumber

if TYPE_CHECKING:
    from cases.case import Case
    from cases.intake import Intake


class Cases(Protocol):
    """The cases of one unit of work."""

    async def next_sequence(self, day: date) -> int:
        """1, 2, 3 … for a business day; unique under competition, gaps allowed."""
        ...

    def add(self, case: "Case") -> None:
        """Take a new case in."""
        ...

    async def get(self, number: str) -> "Case":
        """The case, with its events, calls and timers, to be changed in this unit of work.

        Raises:
            CaseNotFound: there is none.
        """
        ...

    async def of_call(self, call_id: str) -> "Sequence[Case]":
        """The cases a call belongs to, oldest first."""
        ...

    async def demands_like(self, new: Demand, now: datetime) -> Sequence[Demand]:
        """What is known that may be the same or part of a hot event, as facts only.

        Cases of the same number or household (open, or archived in the last 30 days), at the same door or in the same
        community in the last 48 hours, or of the same matter in the last hour.
        """
        ...

    async def answered(self, command_id: str) -> "Intake | None":
        """What an intake command came to, if it was carried out before."""
        ...

    async def remember(self, command_id: str, intake: "Intake") -> None:
        """Keep what an intake command came to."""
        ...


class Persons(Protocol):
    """The persons of one unit of work."""

    async def with_phone(self, phone: PhoneNumber) -> Person:
        """The person known under this number, made if there is none; unique under competition."""
        ...

    async def get(self, person_id: str) -> Person | None:
        """By identifier."""
        ...


class Reporters(Protocol):
    """Reporters' identities, in a table of their own (domain rules §8)."""

    def add(self, reporter: Reporter) -> None:
        """Take one in."""
        ...

    async def of_case(self, number: str) -> Reporter | None:
        """Who reported this case."""
        ...

    async def remove(self, reporter: Reporter) -> None:
        """Forget one: the case turned out not to be a report."""
        ...


class Audit(Protocol):
    """The audit trail of one unit of work."""

    def append(self, actor: str, action: str, subject: str, reason: str, detail: Mapping[str, Any]) -> None:
        """One entry."""
        ...


class Events(Protocol):
    """Events that leave with the commit."""

    def append(self, topic: str, payload: Mapping[str, Any]) -> None:
        """One event."""
        ...


class CasesUnitOfWork(Protocol):
    """One transaction over cases."""

    @property
    def cases(self) -> Cases:
        """See Cases."""
        ...

    @property
    def persons(self) -> Persons:
        """See Persons."""
        ...

    @property
    def reporters(self) -> Reporters:
        """See Reporters."""
        ...

    @property
    def audit(self) -> Audit:
        """See Audit."""
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
        """Write all or nothing.

        Raises:
            ConcurrentChange: somebody else changed one of these cases meanwhile.
        """
        ...


class CasesUnitOfWorkFactory(Protocol):
    """Makes units of work."""

    def __call__(self) -> CasesUnitOfWork:
        """A fresh one."""
        ...


class Suggester(Protocol):
    """Reads a demand and suggests how to sort it; a trained classifier may stand behind it."""

    def suggest(self, text: str) -> Suggestion:
        """Type, matter and urgency, each None where it cannot tell."""
        ...
