"""Cases on SQLite and PostgreSQL: a whole round, numbers under competition, versions, secrecy and screens."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from cases.case_records import first_broken
from cases.case_states import CaseMove, CaseState
from cases.commands import CallbackResult, CallbackVerdict, MoveCommand
from cases.errors import IdentityWithheld
from cases.master_data import CaseType, Role, Urgency
from cases.queries import CaseFilter, as_unit_sees_it
from cases.services import CaseServices
from store.database import Database
from store.queries.cases import SqlCaseQueries
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.cases_made import MOBILE, NOW, go, intake, to_callback
from tests.fakes.clock import FakeClock
from vocabulary.errors import ConcurrentChange
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.store


@pytest.fixture
def services(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> CaseServices:
    return CaseServices(uow_factory, clock, phone_keyer)


@pytest.fixture
def queries(database: Database) -> SqlCaseQueries:
    return SqlCaseQueries(database)


async def test_a_case_goes_all_the_way_round_and_is_read_back_whole(
    services: CaseServices, queries: SqlCaseQueries, uow_factory: UnitOfWorkFactory
) -> None:
    number = (await services.open(intake())).case_number
    assert number == "RX20261124-0001"
    await to_callback(services, number)
    await services.callback_result(
        CallbackResult(number, CallbackVerdict.SATISFIED, "bot", Role.BOT, "sms", rating="满意", sms_id="S1", words="1")
    )
    view = await queries.one(number)
    assert view is not None
    assert view.row.state is CaseState.ARCHIVED
    assert view.rating == "满意"
    assert view.feedbacks[0]["handler"] == "孙师傅"
    assert [event.move for event in view.history] == [
        "create", "save", "classify", "assign", "sign", "feedback", "check", "precheck_ok", "cb_satisfied",
    ]  # fmt: skip
    assert all(timer.stopped_at is not None for timer in view.timers)
    async with uow_factory() as uow:
        case = await uow.cases.get(number)
        assert first_broken(case.events) is None
        assert case.feedbacks[0].handled_at == NOW


async def test_fifty_openings_at_once_get_fifty_numbers(services: CaseServices) -> None:
    commands = [intake(f"c{n}", caller=PhoneNumber(f"+86138000{n:05d}"), address="") for n in range(50)]
    intakes = await asyncio.gather(*(services.open(command) for command in commands))
    assert sorted(taken.case_number for taken in intakes) == [f"RX20261124-{n:04d}" for n in range(1, 51)]


async def test_the_same_command_twice_at_once_makes_one_case(services: CaseServices, queries: SqlCaseQueries) -> None:
    first, second = await asyncio.gather(services.open(intake()), services.open(intake()))
    assert first.case_number == second.case_number
    assert {first.repeated, second.repeated} == {False, True}
    assert len((await queries.page(CaseFilter())).rows) == 1


async def test_two_who_move_the_same_version_do_not_both_win(services: CaseServices) -> None:
    number = (await services.open(intake())).case_number

    async def save() -> object:
        command = MoveCommand(number, CaseMove.SAVE, "li", Role.AGENT, expected_version=1)
        return await services.move(command)

    results = await asyncio.gather(save(), save(), return_exceptions=True)
    assert sum(isinstance(result, ConcurrentChange) for result in results) == 1


async def test_a_second_call_joins_the_open_case_and_the_third_raises_it(
    services: CaseServices, queries: SqlCaseQueries, clock: FakeClock
) -> None:
    number = (await services.open(intake("c1"))).case_number
    clock.advance(86_400)
    second = await services.open(intake("c2"))
    third = await services.open(intake("c3"))
    assert (second.case_number, second.joined, second.duplicate_row) == (number, True, 3)
    assert third.joined
    view = await queries.one(number)
    assert view is not None and (view.row.reminders, view.row.urgency) == (2, Urgency.P1)
    assert [call.call_id for call in view.calls] == ["call-c1", "call-c2", "call-c3"]


async def test_a_repeat_within_thirty_days_of_the_archive_is_a_marked_new_case(
    services: CaseServices, clock: FakeClock
) -> None:
    number = (await services.open(intake("c1"))).case_number
    await to_callback(services, number)
    await services.callback_result(
        CallbackResult(number, CallbackVerdict.SATISFIED, "bot", Role.BOT, "sms", rating="满意", sms_id="S1")
    )
    clock.advance(10 * 86_400)
    again = await services.open(intake("c2"))
    assert (again.joined, again.duplicate_row) == (False, 4)
    assert (await services.facts(again.case_number)).is_duplicate


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_no_plain_number_stands_in_the_file(
    services: CaseServices, database: Database, database_url: str
) -> None:
    await services.open(intake())
    await services.open(intake("r1", case_type=CaseType.REPORT, matter="GAS_THEFT", demand="楼下私接燃气", address=""))
    async with database.writing.connect() as connection:
        await connection.execute(text("SELECT 1"))
    folder = Path(database_url.removeprefix("sqlite:///")).parent
    content = b"".join(path.read_bytes() for path in folder.glob("nuanxian.db*"))
    assert b"RX20261124-0001" in content
    for secret in ("13800001234", "王女士"):
        assert secret.encode() not in content


async def test_a_reporter_stands_apart_and_is_found_only_by_those_who_ask_back(
    services: CaseServices, queries: SqlCaseQueries, phone_keyer: PhoneKeyer
) -> None:
    taken = await services.open(intake(case_type=CaseType.REPORT, matter="GAS_THEFT", demand="楼下私接燃气"))
    view = await queries.one(taken.case_number)
    assert view is not None and view.identity_withheld
    assert "王女士" not in repr(view) and "1234" not in repr(view)
    assert await queries.open_cases_of(phone_keyer.key(MOBILE)) == ()
    ask = {"by": "zhao", "reason": "回访"}
    assert await services.callback_phone(taken.case_number, role=Role.CALLBACK, **ask) == MOBILE
    with pytest.raises(IdentityWithheld):
        await services.callback_phone(taken.case_number, role=Role.UNIT_DISPATCH, **ask)
    with pytest.raises(IdentityWithheld):
        await services.callback_phone(taken.case_number, role=Role.BOT, **ask)
    assert (await services.facts(taken.case_number)).phone_key == phone_keyer.key(MOBILE)


async def test_a_case_that_becomes_a_report_gives_its_caller_away_no_more(
    services: CaseServices, queries: SqlCaseQueries
) -> None:
    number = (await services.open(intake(case_type=None, matter=None, urgency=None, demand="说点事"))).case_number
    await go(services, number, CaseMove.SAVE, Role.AGENT, case_type="REPORT", demand="楼下私接燃气")
    view = await queries.one(number)
    assert view is not None and view.identity_withheld and view.row.masked_phone == ""
    await go(services, number, CaseMove.CLASSIFY, Role.SORTER, case_type="HELP", matter="GAS_SAFETY", urgency="P2")
    view = await queries.one(number)
    assert view is not None and not view.identity_withheld and view.row.masked_phone == "138****1234"


async def test_a_list_is_filtered_searched_and_paged(
    services: CaseServices, queries: SqlCaseQueries, clock: FakeClock, phone_keyer: PhoneKeyer
) -> None:
    for n in range(5):
        clock.advance(3_000)
        await services.open(intake(f"c{n}", caller=PhoneNumber(f"+86138000{n:05d}"), address=f"延安三路{n}号"))
    page = await queries.page(CaseFilter(text="延安三路"), limit=3)
    assert [row.number[-1] for row in page.rows] == ["5", "4", "3"]
    rest = await queries.page(CaseFilter(text="延安三路"), cursor=page.next_cursor, limit=3)
    assert [row.number[-1] for row in rest.rows] == ["2", "1"] and rest.next_cursor is None
    assert (await queries.page(CaseFilter(text="延安三路 3号"))).rows[0].masked_phone == "138****0003"
    assert (await queries.page(CaseFilter(states=(CaseState.ARCHIVED,)))).rows == ()
    assert len(await queries.open_cases_of(phone_keyer.key(PhoneNumber("+8613800000002")))) == 1
    assert await queries.counts() == {"ACCEPTED": 5}
    assert await queries.number_of_call("call-c0") == "RX20261124-0001"


async def test_recording_and_transcript_come_later_and_only_once(
    services: CaseServices, queries: SqlCaseQueries
) -> None:
    number = (await services.open(intake(case_type=None, matter=None, urgency=None, demand=""))).case_number
    assert await services.attach_recording("call-c1", "rec-1") == (number,)
    assert await services.attach_transcript("call-c1", "你好,我家暖气冰凉") == (number,)
    before = await queries.one(number)
    await services.attach_transcript("call-c1", "你好,我家暖气冰凉")
    view = await queries.one(number)
    assert view == before
    assert view is not None and view.suggested_matter == "HEAT_NONE"
    assert (view.calls[0].recording_id, view.calls[0].transcript) == ("rec-1", "你好,我家暖气冰凉")


async def test_a_unit_does_not_see_how_the_callback_went_before_the_archive(
    services: CaseServices, queries: SqlCaseQueries
) -> None:
    number = (await services.open(intake())).case_number
    await to_callback(services, number)
    await services.callback_result(
        CallbackResult(number, CallbackVerdict.MISMATCH, "qian", Role.CALLBACK, "human", rating="不满意",
                       words="没人来过", reason="未到场", call_id="cb-1")
    )  # fmt: skip
    view = await queries.one(number)
    assert view is not None and view.row.state is CaseState.RETURNED
    seen = as_unit_sees_it(view)
    assert (seen.rating, seen.callbacks, seen.user_words) == ("", (), "")
    assert seen.history[-1].reason == "未到场" and "human" not in repr(seen.history[-1])


async def test_timers_survive_with_their_source(services: CaseServices, uow_factory: UnitOfWorkFactory) -> None:
    number = (await services.open(intake(matter="HEAT_MEASURE", demand="要求测温"))).case_number
    async with uow_factory() as uow:
        timer = (await uow.cases.get(number)).timer("T_temp")
    assert timer is not None and timer.due_at - timer.started_at == timedelta(hours=24)
    assert "第二十一条" in timer.source
