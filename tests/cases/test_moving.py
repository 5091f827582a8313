"""A move is made once, told once, and safe against being overtaken; callbacks move the case by their verdict."""

from dataclasses import replace

import pytest

from cases.case_states import CaseMove, CaseState
from cases.commands import CallbackResult, CallbackVerdict, MoveCommand
from cases.errors import MoveRefused
from cases.master_data import CaseType, Role, Source
from cases.services import CaseServices
from tests.fakes.cases_made import FIXED, MOBILE, NOW, go, intake, to_callback
from tests.fakes.cases_store import CasesInMemory
from vocabulary.errors import ConcurrentChange, InvalidValue

pytestmark = pytest.mark.unit

SATISFIED = CallbackResult("", CallbackVerdict.SATISFIED, "sms", Role.BOT, "sms", rating="满意", words="1", sms_id="S1")


async def test_each_move_leaves_one_audit_entry_and_one_event(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    moves = [payload["event"] for topic, payload in memory.events if topic == "case.moved"]
    assert moves == ["save", "classify", "assign", "sign", "feedback", "check", "precheck_ok"]
    assert [action for _, action, *_ in memory.audit].count("case.moved") == len(moves)
    assert memory.events[-1][1] == {"case_number": number, "from": "CHECKING", "to": "CALLBACK_DUE",
                                    "event": "precheck_ok", "by": "zhao", "role": "INSPECTOR"}  # fmt: skip


async def test_a_refused_move_leaves_nothing(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    before = (memory.cases[number].version, list(memory.events), list(memory.audit))
    with pytest.raises(MoveRefused, match="不能做"):
        await go(services, number, CaseMove.SIGN, Role.UNIT_DISPATCH)
    assert (memory.cases[number].version, memory.events, memory.audit) == before


async def test_a_person_who_saw_an_old_version_is_told_so(services: CaseServices) -> None:
    number = (await services.open(intake())).case_number
    await go(services, number, CaseMove.SAVE, Role.AGENT)
    with pytest.raises(ConcurrentChange):
        await services.move(MoveCommand(number, CaseMove.CLASSIFY, "zhao", Role.SORTER, expected_version=1))


async def test_a_machine_that_was_overtaken_tries_on_the_newer_version(
    services: CaseServices, memory: CasesInMemory
) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)

    def somebody_quicker() -> None:
        memory.cases[number].note("note", by="li", role=Role.AGENT, at=NOW)

    memory.disturb = somebody_quicker
    moved = await services.callback_result(replace(SATISFIED, case_number=number))
    assert moved.to_state is CaseState.ARCHIVED
    assert [event.move for event in memory.cases[number].events][-2:] == ["note", "cb_satisfied"]


async def test_a_repeated_move_command_answers_as_before(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    command = MoveCommand(number, CaseMove.SAVE, "li", Role.AGENT, command_id="m1")
    first, again = await services.move(command), await services.move(command)
    assert (first.to_state, first.version) == (again.to_state, again.version)
    assert [event.move for event in memory.cases[number].events] == ["create", "save"]


@pytest.mark.parametrize(
    "fields",
    [
        {"matter": "MOON"},
        {"urgency": "P9"},
        {"case_type": "X"},
        {"unit": "甲" * 101},
        {"due_at": "tomorrow"},
        {"told_at": NOW.replace(tzinfo=None)},
    ],
)
async def test_a_field_that_is_no_such_thing_is_refused(services: CaseServices, fields: dict[str, object]) -> None:
    number = (await services.open(intake())).case_number
    with pytest.raises(InvalidValue):
        await go(services, number, CaseMove.SAVE, Role.AGENT, **fields)


async def test_a_dissatisfied_sms_leaves_the_case_due_and_asks_for_a_person(
    services: CaseServices, memory: CasesInMemory
) -> None:
    """SC17: returned only after a person verified it."""
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    result = replace(SATISFIED, case_number=number, verdict=CallbackVerdict.NEEDS_PERSON, rating="不满意",
                     words="3 还是凉的", sms_dissatisfied=True)  # fmt: skip
    await services.callback_result(result)
    version = memory.cases[number].version
    await services.callback_result(result)  # told twice
    assert memory.cases[number].version == version
    facts = await services.facts(number)
    assert (facts.state, facts.sms_dissatisfied, facts.needs_person) == (CaseState.CALLBACK_DUE, True, True)
    assert memory.cases[number].mismatch_count == 0
    with pytest.raises(MoveRefused, match="人工回访"):
        await services.callback_result(replace(SATISFIED, case_number=number, sms_id="S2"))
    human = CallbackResult(number, CallbackVerdict.MISMATCH, "qian", Role.CALLBACK, "human", rating="不满意",
                           reason="未到场", call_id="cb-1")  # fmt: skip
    assert (await services.callback_result(human)).to_state is CaseState.RETURNED
    assert memory.cases[number].mismatch_count == 1


async def test_no_person_is_asked_for_once_the_case_is_archived(services: CaseServices) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    await services.callback_result(replace(SATISFIED, case_number=number))
    with pytest.raises(MoveRefused, match="待回访"):
        await services.callback_result(
            replace(SATISFIED, case_number=number, verdict=CallbackVerdict.NEEDS_PERSON, sms_id="S9")
        )


async def test_a_new_demand_in_a_callback_becomes_a_patrol_case(services: CaseServices, memory: CasesInMemory) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    moved = await services.move(
        MoveCommand(number, CaseMove.NEW_DEMAND, "qian", Role.CALLBACK, fields={"demand": "楼下暖气片滴水"})
    )
    assert moved.to_state is CaseState.CALLBACK_DUE and moved.new_case is not None
    patrol = memory.cases[moved.new_case]
    assert (patrol.source, patrol.parent, patrol.phone) == (Source.PATROL, number, MOBILE)
    assert patrol.state is CaseState.ACCEPTED
    assert moved.new_case in memory.cases[number].related


async def test_a_reopened_case_is_a_new_marked_one_and_the_old_stays_read_only(
    services: CaseServices, memory: CasesInMemory
) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    await services.callback_result(replace(SATISFIED, case_number=number))
    moved = await services.move(
        MoveCommand(number, CaseMove.REOPEN, "li", Role.AGENT, "又不热了", {"demand": "又不热了"})
    )
    assert moved.new_case is not None
    assert memory.cases[moved.new_case].is_duplicate
    assert memory.cases[number].state is CaseState.ARCHIVED


async def test_a_number_given_at_saving_is_kept_with_the_person_and_out_of_the_history(
    services: CaseServices, memory: CasesInMemory
) -> None:
    number = (await services.open(intake(caller=None))).case_number
    with pytest.raises(MoveRefused, match="联系电话"):
        await go(services, number, CaseMove.SAVE, Role.AGENT)
    await go(services, number, CaseMove.SAVE, Role.AGENT, phone="13800001234")
    case = memory.cases[number]
    assert case.phone == MOBILE
    assert "13800001234" not in repr([event.detail for event in case.events])


async def test_a_user_who_refuses_is_archived_with_the_words_once_the_person_in_charge_agrees(
    services: CaseServices, memory: CasesInMemory
) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    refused = CallbackResult(number, CallbackVerdict.REFUSED, "zhou", Role.CALLBACK, "human", words="别再打了")
    with pytest.raises(MoveRefused, match="批准人"):
        await services.callback_result(refused)
    with pytest.raises(MoveRefused, match="用户原话"):
        await services.callback_result(replace(refused, words="", approved_by="zhou"))
    assert (await services.callback_result(replace(refused, approved_by="zhou"))).to_state is CaseState.ARCHIVED
    case = memory.cases[number]
    assert case.refuses_callback and not case.unreached
    note = case.callbacks[-1]
    assert (note.verdict, note.words, note.approved_by, note.rating) == ("cb_refused", "别再打了", "zhou", "")


async def test_a_suggestions_user_is_told_by_sms_and_no_other_users_case_is_closed_so(
    services: CaseServices, memory: CasesInMemory
) -> None:
    asked = (await services.open(intake())).case_number
    told = (await services.open(intake("c2", case_type=CaseType.SUGGEST, demand="建议设自助缴费机",
                                       matter="SERVICE_HALL", caller=FIXED))).case_number  # fmt: skip
    for number in (asked, told):
        await to_callback(services, number)
    result = CallbackResult(told, CallbackVerdict.TOLD, "sms", Role.BOT, "sms", sms_id="S7")
    with pytest.raises(MoveRefused, match="仅建议件"):
        await services.callback_result(replace(result, case_number=asked))
    with pytest.raises(MoveRefused, match="短信号"):
        await services.callback_result(replace(result, sms_id=""))
    assert (await services.callback_result(result)).to_state is CaseState.ARCHIVED
    assert memory.cases[told].callbacks[-1].sms_id == "S7"
