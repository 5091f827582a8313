"""Cases as callbacks see them: facts that a test sets, results that it reads."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from cases.case_states import CaseState
from cases.commands import CallbackResult, MoveCommand, Moved
from cases.errors import MoveRefused
from cases.facts import CaseFacts
from cases.intake import Intake, IntakeCommand
from cases.master_data import CaseType, Role, Source, Urgency
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

CHECKED = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)  # 09:00 in Shanghai


@dataclass
class FakeCases:
    """Implements callbacks.ports.CaseDoor; ``refusing`` makes it refuse every result."""

    keyer: PhoneKeyer
    known: dict[str, CaseFacts] = field(default_factory=dict)
    phones: dict[str, PhoneNumber] = field(default_factory=dict)
    results: list[CallbackResult] = field(default_factory=list)
    moves: list[MoveCommand] = field(default_factory=list)
    opened: list[IntakeCommand] = field(default_factory=list)
    refusing: bool = False

    def due(self, number: str, phone: str = "13800001234", **facts: Any) -> CaseFacts:
        """A case that is due for a callback."""
        parsed = PhoneNumber.parse(phone)
        self.phones[number] = parsed
        standard = CaseFacts(
            number=number,
            version=1,
            state=CaseState.CALLBACK_DUE,
            case_type=CaseType.HELP,
            source=Source.PHONE,
            urgency=Urgency.P2,
            matter="HEAT_LOW_TEMP",
            matter_title="室温低",
            has_mobile=parsed.is_mobile,
            phone_key=self.keyer.key(parsed),
            opened_at=CHECKED,
            checked_at=CHECKED,
        )
        self.known[number] = replace(standard, **facts)
        return self.known[number]

    async def facts(self, case_number: str) -> CaseFacts:
        return self.known[case_number]

    async def callback_phone(self, case_number: str, *, by: str, role: Role, reason: str) -> PhoneNumber | None:
        return self.phones.get(case_number)

    async def callback_result(self, result: CallbackResult) -> Moved:
        if self.refusing:
            raise MoveRefused("CALLBACK_DUE", result.verdict.value, "本单须人工回访", "§3.1")
        self.results.append(result)
        return Moved(result.case_number, CaseState.CALLBACK_DUE, CaseState.ARCHIVED, 2)

    async def move(self, command: MoveCommand) -> Moved:
        self.moves.append(command)
        return Moved(command.case_number, CaseState.CALLBACK_DUE, CaseState.CALLBACK_DUE, 2)

    async def open(self, command: IntakeCommand) -> Intake:
        self.opened.append(command)
        return Intake("RX20261124-0999", joined=False, duplicate_row=0, reason="")
