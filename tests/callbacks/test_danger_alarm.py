"""A danger that was written: a P0 case and the rescue desk, whatever else fails."""

import pytest

from callbacks.danger_alarm import DangerAlarm
from cases.errors import MoveRefused
from cases.intake import Intake, IntakeCommand
from cases.master_data import Urgency
from seats.call_lists import LostLeakCaller
from tests.fakes.callback_cases import FakeCases
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.unit

USER = PhoneNumber.parse("13800001234")
WHAT = {"case_number": "RX20261124-0031", "phone": USER, "words": "家里有煤气味", "reason": "安全词“煤气味”"}


class FakeDesk:
    def __init__(self) -> None:
        self.callers: list[LostLeakCaller] = []

    async def hand_over(self, caller: LostLeakCaller) -> None:
        self.callers.append(caller)


class BrokenCases(FakeCases):
    async def open(self, command: IntakeCommand) -> Intake:
        raise MoveRefused("ACCEPTED", "create", "不行", "§2.2")


@pytest.fixture
def cases() -> FakeCases:
    return FakeCases(PhoneKeyer(b"k" * 32))


async def test_the_desk_gets_number_words_and_the_new_p0_case(cases: FakeCases) -> None:
    desk = FakeDesk()
    await DangerAlarm(cases, desk).raise_alarm(**WHAT)
    (opened,) = cases.opened
    assert (opened.urgency, opened.parent, opened.caller) == (Urgency.P0, "RX20261124-0031", USER)
    assert "家里有煤气味" in opened.demand
    (caller,) = desk.callers
    assert (caller.number, caller.case_number) == (USER, "RX20261124-0999")


async def test_the_same_danger_told_twice_opens_the_same_case(cases: FakeCases) -> None:
    alarm = DangerAlarm(cases, FakeDesk())
    await alarm.raise_alarm(**WHAT)
    await alarm.raise_alarm(**WHAT)
    assert len({command.command_id for command in cases.opened}) == 1


async def test_the_desk_is_told_even_if_no_case_can_be_opened() -> None:
    desk = FakeDesk()
    await DangerAlarm(BrokenCases(PhoneKeyer(b"k" * 32)), desk).raise_alarm(**WHAT)
    assert desk.callers[0].case_number == "RX20261124-0031"
