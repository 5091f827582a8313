"""Use cases over cases in memory: taken in once, moved once, told once, and safe against being overtaken."""

from dataclasses import replace

import pytest

from cases.case_states import CaseMove, CaseState
from cases.commands import CallbackResult, CallbackVerdict, MoveCommand, P0Dispatch
from cases.errors import CaseNotFound, MoveRefused
from cases.master_data import CaseType, Role, Source, Urgency
from cases.services import CaseServices
from tests.fakes.cases_made import FIXED, MOBILE, NOW, go, intake, to_callback
from tests.fakes.cases_store import CasesInMemory
from tests.fakes.clock import FakeClock
from vocabulary.errors import ConcurrentChange, InvalidValue
from vocabulary.phone_number import PhoneNumber

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


async def test_an_unknown_case_is_not_found(services: CaseServices) -> None:
    with pytest.raises(CaseNotFound):
        await go(services, "RX20261124-9999", CaseMove.SAVE, Role.AGENT)


@pytest.mark.parametrize("fields", [{"matter": "MOON"}, {"due_at": "tomorrow"}, {"told_at": NOW.replace(tzinfo=None)}])
async def test_a_field_that_is_no_such_thing_is_refused(services: CaseServices, fields: dict[str, object]) -> None:
    number = (await services.open(intake())).case_number
    with pytest.raises(InvalidValue):
        await go(services, number, CaseMove.SAVE, Role.AGENT, **fields)


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


async def test_a_second_leak_call_is_a_second_case_linked_both_ways(
    services: CaseServices, memory: CasesInMemory
) -> None:
    """SC31."""
    leak = {"case_type": CaseType.EMERGENCY, "matter": "GAS_LEAK", "urgency": Urgency.P0, "demand": "漏气"}
    first = await services.open(intake("c1", **leak))
    second = await services.open(intake("c2", **leak))
    assert not second.joined and second.related == (first.case_number,)
    assert memory.cases[first.case_number].related == (second.case_number,)


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
    from datetime import timedelta

    from cases.intake import ForwardedFrom

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
