"""A demand makes a case or joins one, by the rows of §2.5; a merge is undone; hot events raise urgency."""

from datetime import timedelta

import pytest

from cases.case_states import CaseMove
from cases.commands import CallbackResult, CallbackVerdict
from cases.intake import ForwardedFrom
from cases.master_data import CaseType, Role, Source, Urgency
from cases.services import CaseServices
from tests.fakes.cases_made import go, intake
from tests.fakes.cases_store import CasesInMemory
from tests.fakes.clock import FakeClock
from vocabulary.errors import InvalidValue
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

SATISFIED = CallbackResult("", CallbackVerdict.SATISFIED, "sms", Role.BOT, "sms", rating="满意", words="1", sms_id="S1")


async def test_a_second_leak_call_is_a_second_case_linked_both_ways(
    services: CaseServices, memory: CasesInMemory
) -> None:
    """SC31."""
    leak = {"case_type": CaseType.EMERGENCY, "matter": "GAS_LEAK", "urgency": Urgency.P0, "demand": "漏气"}
    first = await services.open(intake("c1", **leak))
    second = await services.open(intake("c2", **leak))
    assert not second.joined and second.related == (first.case_number,)
    assert memory.cases[first.case_number].related == (second.case_number,)


async def test_a_merge_is_undone_by_giving_the_call_its_own_case(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake("c1"))).case_number
    assert (await services.open(intake("c2", demand="这次是楼道漏水"))).joined
    apart = await services.split(number, "call-c2", by="wu", role=Role.SORTER, reason="不是一件事")
    assert memory.cases[apart.case_number].calls[0].call_id == "call-c2"
    assert memory.cases[number].events[-1].move == "split"
    with pytest.raises(InvalidValue):
        await services.split(number, "call-c1", by="wu", role=Role.SORTER, reason="首次来电")


async def test_the_fifth_cold_household_raises_all_and_alerts_once_yellow(
    services: CaseServices, memory: CasesInMemory, clock: FakeClock
) -> None:
    """SC03."""
    numbers = []
    for n in range(7):
        clock.advance(200)
        command = intake(f"c{n}", caller=PhoneNumber(f"+86138000{n:05d}"), address=f"浮山后四小区{n + 1}号楼1单元101")
        numbers.append((await services.open(command)).case_number)
        urgencies = {memory.cases[number].urgency for number in numbers}
        assert urgencies == ({Urgency.P2} if n < 4 else {Urgency.P1})
    alerts = [payload for topic, payload in memory.events if topic == "alert"]
    assert [alert["households"] for alert in alerts] == [5, 6, 7]
    assert {alert["rule"] for alert in alerts} == {"H1"}
    assert len(memory.cases) == 7


async def test_a_forwarded_item_hangs_on_the_callers_case_which_takes_the_earlier_limit(
    services: CaseServices, memory: CasesInMemory, clock: FakeClock
) -> None:
    """SC32."""
    main = (await services.open(intake())).case_number
    due = clock.now() + timedelta(hours=4)
    forwarded = await services.open(
        intake("f1", source=Source.CITY_HOTLINE, call_id=None, forwarded=ForwardedFrom("12345", "QD-1", due))
    )
    assert (forwarded.joined, forwarded.duplicate_row) == (False, 2)
    assert memory.cases[main].forward_due_at == due
    case = memory.cases[forwarded.case_number]
    assert (case.parent, case.forward_number) == (main, "QD-1")
    await go(services, forwarded.case_number, CaseMove.SAVE, Role.AGENT)
    await go(services, forwarded.case_number, CaseMove.CLASSIFY, Role.SORTER)
    close = memory.cases[forwarded.case_number].timer("T_close")
    assert close is not None and close.due_at == clock.now() + timedelta(hours=2)


async def test_a_case_classified_as_something_known_is_judged_again(
    services: CaseServices, memory: CasesInMemory
) -> None:
    first = (await services.open(intake("c1"))).case_number
    blank = {"case_type": None, "matter": None, "urgency": None, "demand": ""}
    second = await services.open(intake("c2", **blank))
    assert (second.joined, second.duplicate_row) == (False, 0)
    await go(services, second.case_number, CaseMove.SAVE, Role.AGENT, case_type="HELP", demand="还是不热",
             matter="HEAT_NONE")  # fmt: skip
    case = memory.cases[second.case_number]
    assert (case.duplicate_row, case.related) == (3, (first,))


async def test_a_case_that_is_already_running_takes_the_earlier_limit_too(
    services: CaseServices, memory: CasesInMemory, clock: FakeClock
) -> None:
    main = (await services.open(intake())).case_number
    await go(services, main, CaseMove.SAVE, Role.AGENT)
    await go(services, main, CaseMove.CLASSIFY, Role.SORTER)
    due = clock.now() + timedelta(hours=4)
    await services.open(
        intake("f1", source=Source.CITY_HOTLINE, call_id=None, forwarded=ForwardedFrom("12345", "QD-1", due))
    )
    close = memory.cases[main].timer("T_close")
    assert close is not None and close.due_at == clock.now() + timedelta(hours=2)
