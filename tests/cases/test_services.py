"""Use cases over cases in memory: taken in once, dispatched, answered, rated, marked."""

from dataclasses import replace

import pytest

from cases.case_states import CaseMove, CaseState
from cases.commands import CallbackResult, CallbackVerdict, P0Dispatch
from cases.errors import CaseNotFound, MoveRefused
from cases.master_data import CaseType, Role, Urgency
from cases.services import CaseServices
from tests.fakes.cases_made import FIXED, go, intake, to_callback
from tests.fakes.cases_store import CasesInMemory
from tests.fakes.clock import FakeClock
from vocabulary.errors import InvalidValue

pytestmark = pytest.mark.unit

SATISFIED = CallbackResult("", CallbackVerdict.SATISFIED, "sms", Role.BOT, "sms", rating="满意", words="1", sms_id="S1")


async def test_a_repeated_command_changes_nothing(services: CaseServices, memory: CasesInMemory) -> None:
    first = await services.open(intake())
    again = await services.open(intake())
    assert (again.case_number, again.repeated) == (first.case_number, True)
    assert (len(memory.cases), memory.topics(), len(memory.audit)) == (1, ["case.opened"], 1)


async def test_an_unknown_matter_is_refused_before_anything_is_made(
    services: CaseServices, memory: CasesInMemory
) -> None:
    with pytest.raises(InvalidValue, match="MOON"):
        await services.open(intake(matter="MOON"))
    assert not memory.cases


async def test_an_unknown_case_is_not_found(services: CaseServices) -> None:
    with pytest.raises(CaseNotFound):
        await go(services, "RX20261124-9999", CaseMove.SAVE, Role.AGENT)


async def test_a_leak_at_night_is_dispatched_in_one_step_and_sorted_afterwards(
    services: CaseServices, memory: CasesInMemory, clock: FakeClock
) -> None:
    """SC01."""
    taken = await services.open(
        intake(case_type=None, matter=None, urgency=None, demand="市北延吉路家中有煤气味,老人头晕")
    )
    assert taken.is_emergency and taken.duplicate_row == 1
    dispatch = P0Dispatch(taken.case_number, "市北抢修", "孙调度", clock.now(), True, "li")
    with pytest.raises(MoveRefused, match="复述确认"):
        await services.p0_dispatch(replace(dispatch, repeated_back=False))
    assert (await services.p0_dispatch(dispatch)).to_state is CaseState.ASSIGNED
    case = memory.cases[taken.case_number]
    assert (case.case_type, case.urgency) == (CaseType.EMERGENCY, Urgency.P0)
    arrive, supplement = case.timer("T_arrive"), case.timer("T_supplement")
    assert arrive is not None and (arrive.due_at - case.opened_at).total_seconds() == 30 * 60
    assert supplement is not None and (supplement.due_at - clock.now()).total_seconds() == 30 * 60
    await go(services, taken.case_number, CaseMove.SUPPLEMENT, Role.SORTER, matter="GAS_LEAK")
    assert memory.cases[taken.case_number].timer("T_supplement") is None


async def test_advice_is_answered_and_archived_in_the_call(services: CaseServices, memory: CasesInMemory) -> None:
    """SC07."""
    number = (
        await services.open(intake(case_type=CaseType.CONSULT, matter="HEAT_BILL", urgency=Urgency.P3))
    ).case_number
    assert (
        await go(services, number, CaseMove.ANSWER_DIRECTLY, Role.AGENT, answer="每平方米 30.4 元")
        is CaseState.ARCHIVED
    )
    assert await services.rate_call("call-c1", "不满意") == (number,)
    facts = await services.facts(number)
    assert (facts.case_type, facts.closing_rating) == (CaseType.CONSULT, "不满意")
    assert memory.topics()[-1] == "case.rated"


async def test_a_satisfied_sms_archives_a_plain_case(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    await services.callback_result(replace(SATISFIED, case_number=number))
    case = memory.cases[number]
    assert (case.state, case.rating, case.callbacks[-1].sms_id) == (CaseState.ARCHIVED, "满意", "S1")


async def test_a_fixed_line_has_no_mobile(services: CaseServices) -> None:
    number = (await services.open(intake(caller=FIXED))).case_number
    facts = await services.facts(number)
    assert (facts.has_phone, facts.has_mobile) == (True, False)


async def test_marks_on_the_user_reach_the_facts(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    await services.mark_person(number, by="li", reason="用户要求", refuses_bots=True, is_elderly=True)
    await services.flag(number, by="wu", role=Role.AUDITOR, reason="日报", is_key_item=True)
    facts = await services.facts(number)
    assert (facts.person.refuses_bots, facts.person.is_elderly, facts.is_key_item) == (True, True, True)
    for wrong in (services.mark_person(number, by="li", reason="", is_rich=True),
                  services.flag(number, by="li", role=Role.AGENT, reason="", version=True)):  # fmt: skip
        with pytest.raises(InvalidValue):
            await wrong
    assert "person.marked" in [action for _, action, *_ in memory.audit]
