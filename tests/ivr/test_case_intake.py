from datetime import UTC, datetime

import pytest

from cases.intake import Intake, IntakeCommand
from cases.master_data import CaseType, Role, Source, Urgency
from ivr.case_intake import CallCases, intake_command
from ivr.ports import CallIntake, CallKind
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

CALLER = PhoneNumber.parse("13800001234")


def intake(kind: CallKind, by: str = "BOT") -> CallIntake:
    return CallIntake("call/x", "call", kind, CALLER, "有煤气味", "rec", by, datetime(2026, 11, 24, tzinfo=UTC))


def test_a_leak_is_an_emergency_from_the_beginning() -> None:
    command = intake_command(intake(CallKind.LEAK))
    assert (command.case_type, command.matter, command.urgency) == (CaseType.EMERGENCY, "GAS_LEAK", Urgency.P0)
    assert (command.source, command.by, command.role) == (Source.PHONE, "bot", Role.BOT)


def test_anything_else_is_sorted_later() -> None:
    command = intake_command(intake(CallKind.TALK, by="8001"))
    assert (command.case_type, command.matter, command.urgency) == (None, None, None)
    assert (command.by, command.role, command.caller, command.recording_id) == ("8001", Role.AGENT, CALLER, "rec")


async def test_the_cases_room_opens_and_rates() -> None:
    class Room:
        rated: tuple[str, str] | None = None

        async def open(self, command: IntakeCommand) -> Intake:
            return Intake(f"RX-{command.call_id}", joined=True, duplicate_row=3, reason="")

        async def rate_call(self, call_id: str, rating: str) -> tuple[str, ...]:
            self.rated = (call_id, rating)
            return ()

    room = Room()
    cases = CallCases(room)
    assert await cases.open(intake(CallKind.TALK)) == "RX-call"
    await cases.rate("call", "满意")
    assert room.rated == ("call", "满意")
