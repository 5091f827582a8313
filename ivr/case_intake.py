"""Turns what a call knows into an intake of the cases room; ``cases.services.CaseServices`` does the rest."""

from typing import Protocol

from cases.intake import Intake, IntakeCommand
from cases.master_data import CaseType, Role, Source, Urgency
from ivr.ports import CallIntake, CallKind

BOT = "bot"
LEAK_MATTER = "GAS_LEAK"


class Cases(Protocol):
    """The part of CaseServices that calls use."""

    async def open(self, command: IntakeCommand) -> Intake:
        """Make or join a case; idempotent by command_id."""
        ...

    async def rate_call(self, call_id: str, rating: str) -> tuple[str, ...]:
        """Attach the rating to every case of the call."""
        ...


class CallCases:
    """Implements ivr.ports.CaseIntake over the cases room."""

    def __init__(self, cases: Cases) -> None:
        self._cases = cases

    async def open(self, intake: CallIntake) -> str:
        """See CaseIntake."""
        return (await self._cases.open(intake_command(intake))).case_number

    async def rate(self, call_id: str, label: str) -> None:
        """See CaseIntake."""
        await self._cases.rate_call(call_id, label)


def intake_command(intake: CallIntake) -> IntakeCommand:
    """The command for a call: a leak is P0 from the beginning (domain spec §1.4, §10), the rest is sorted later."""
    is_leak = intake.kind is CallKind.LEAK
    by_machine = intake.by == "BOT"
    return IntakeCommand(
        command_id=intake.command_id,
        source=Source.PHONE,
        by=BOT if by_machine else intake.by,
        role=Role.BOT if by_machine else Role.AGENT,
        call_id=intake.call_id,
        caller=intake.caller,
        demand=intake.demand,
        case_type=CaseType.EMERGENCY if is_leak else None,
        matter=LEAK_MATTER if is_leak else None,
        urgency=Urgency.P0 if is_leak else None,
        recording_id=intake.recording,
    )
