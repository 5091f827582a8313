"""Cases in memory: the unit of work of cases.ports with copies, versions and unique keys, and no database."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from cases.case import Case
from cases.duplicates import Demand
from cases.errors import CaseNotFound
from cases.intake import Intake
from cases.opening import demand_of
from cases.person import Person, Reporter
from vocabulary.clock import Clock
from vocabulary.errors import AlreadyExists, ConcurrentChange
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber


def copied(value: Any) -> Any:
    """A copy of an aggregate and its children; frozen values are shared."""
    if is_dataclass(value) and not isinstance(value, type) and not value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return type(value)(**{f.name: copied(getattr(value, f.name)) for f in fields(value)})
    if isinstance(value, list):
        return [copied(item) for item in value]
    return dict(value) if isinstance(value, dict) else value


@dataclass
class CasesInMemory:
    """What is committed; ``uow_factory`` is handed to CaseServices.

    Attributes:
        disturb: called once just before the next commit, as somebody quicker.
    """

    clock: Clock
    keyer: PhoneKeyer
    cases: dict[str, Case] = field(default_factory=dict)
    persons: dict[str, Person] = field(default_factory=dict)
    reporters: dict[str, Reporter] = field(default_factory=dict)
    intakes: dict[str, Intake] = field(default_factory=dict)
    sequences: dict[date, int] = field(default_factory=dict)
    audit: list[tuple[str, str, str, str, dict[str, Any]]] = field(default_factory=list)
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    disturb: Callable[[], None] | None = None

    def uow_factory(self) -> "UnitInMemory":
        return UnitInMemory(self)

    def topics(self) -> list[str]:
        return [topic for topic, _ in self.events]


class UnitInMemory:
    """One unit; it is its own repositories, since they share everything."""

    def __init__(self, memory: CasesInMemory) -> None:
        self._memory = memory
        self._held: dict[str, tuple[Case, int | None]] = {}
        self._persons: dict[str, Person] = {}
        self._reporters: dict[str, Reporter | None] = {}
        self._intakes: dict[str, Intake] = {}
        self.cases, self.persons, self.reporters = self, _Persons(self), _Reporters(self)
        self.audit, self.events = _Audit(), _Events()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None

    async def commit(self) -> None:
        memory = self._memory
        if (disturb := memory.disturb) is not None:
            memory.disturb = None
            disturb()
        for number, (_, version) in self._held.items():
            stands = memory.cases.get(number)
            if (stands.version if stands else None) != version:
                raise ConcurrentChange(f"case {number} changed meanwhile")
        if self._intakes.keys() & memory.intakes.keys():
            raise AlreadyExists("command already carried out")
        memory.cases |= {number: copied(case) for number, (case, _) in self._held.items()}
        memory.persons |= {key: copied(person) for key, person in self._persons.items()}
        for number, reporter in self._reporters.items():
            if reporter is None:
                memory.reporters.pop(number, None)
            else:
                memory.reporters[number] = copied(reporter)
        memory.intakes |= self._intakes
        memory.audit += self.audit.entries
        memory.events += self.events.entries

    async def next_sequence(self, day: date) -> int:
        self._memory.sequences[day] = self._memory.sequences.get(day, 0) + 1
        return self._memory.sequences[day]

    def add(self, case: Case) -> None:
        self._held[case.number] = (case, None)

    async def get(self, number: str) -> Case:
        if number in self._held:
            return self._held[number][0]
        if number not in self._memory.cases:
            raise CaseNotFound(f"没有工单 {number}")
        case = copied(self._memory.cases[number])
        self._held[number] = (case, case.version)
        return case  # type: ignore[no-any-return]

    async def of_call(self, call_id: str) -> Sequence[Case]:
        numbers = [
            number for number, case in sorted(self._memory.cases.items())
            if any(call.call_id == call_id for call in case.calls)
        ]  # fmt: skip
        return [await self.get(number) for number in numbers]

    async def demands_like(self, new: Demand, now: datetime) -> Sequence[Demand]:
        known = [demand_of(case) for case in self._memory.cases.values()]
        return [
            demand for demand in known
            if demand.archived_at is None or now - demand.archived_at <= timedelta(days=30)
        ]  # fmt: skip

    async def answered(self, command_id: str) -> Intake | None:
        return self._memory.intakes.get(command_id)

    async def remember(self, command_id: str, intake: Intake) -> None:
        self._intakes[command_id] = intake


class _Persons:
    def __init__(self, unit: UnitInMemory) -> None:
        self._unit = unit

    async def with_phone(self, phone: PhoneNumber) -> Person:
        memory = self._unit._memory
        key = memory.keyer.key(phone)
        if key not in self._unit._persons:
            known = memory.persons.get(key)
            person = copied(known) if known else Person(new_id(memory.clock), phone, key, memory.clock.now())
            self._unit._persons[key] = person
        return self._unit._persons[key]

    async def get(self, person_id: str) -> Person | None:
        known = {person.person_id: person.phone for person in self._unit._memory.persons.values()}
        return await self.with_phone(known[person_id]) if person_id in known else None


class _Reporters:
    def __init__(self, unit: UnitInMemory) -> None:
        self._unit = unit

    def add(self, reporter: Reporter) -> None:
        self._unit._reporters[reporter.case_number] = reporter

    async def of_case(self, number: str) -> Reporter | None:
        held = self._unit._reporters
        if number not in held and number in self._unit._memory.reporters:
            held[number] = copied(self._unit._memory.reporters[number])
        return held.get(number)

    async def remove(self, reporter: Reporter) -> None:
        self._unit._reporters[reporter.case_number] = None


class _Audit:
    def __init__(self) -> None:
        self.entries: list[tuple[str, str, str, str, dict[str, Any]]] = []

    def append(
        self, actor: str, action: str, subject: str, reason: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        self.entries.append((actor, action, subject, reason, dict(detail or {})))


class _Events:
    def __init__(self) -> None:
        self.entries: list[tuple[str, dict[str, Any]]] = []

    def append(self, topic: str, payload: Mapping[str, Any]) -> None:
        self.entries.append((topic, dict(payload)))
