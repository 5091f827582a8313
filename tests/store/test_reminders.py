"""The limits of cases are told once each, over restarts and servers."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from cases.case_states import CaseMove
from cases.commands import P0Dispatch
from cases.master_data import CaseType, Role, Urgency
from cases.reminding import Reminding
from cases.services import CaseServices
from store.tables.event_outbox import event_outbox
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.cases_made import go, intake
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneKeyer

pytestmark = pytest.mark.store


@pytest.fixture
def cases(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> CaseServices:
    return CaseServices(uow_factory, clock, phone_keyer)


async def told(uow_factory: UnitOfWorkFactory) -> list[tuple[str, str]]:
    async with uow_factory() as uow:
        query = select(event_outbox.c.payload).where(event_outbox.c.topic == "alert").order_by(event_outbox.c.number)
        payloads = (await uow.session.scalars(query)).all()
    return [(each["kind"], each["timer"]) for each in payloads if "timer" in each]


async def test_a_leak_that_nobody_signs_is_told_after_three_minutes_and_never_twice(
    cases: CaseServices, uow_factory: UnitOfWorkFactory, clock: FakeClock
) -> None:
    given = {"case_type": CaseType.EMERGENCY, "matter": "GAS_LEAK", "urgency": Urgency.P0, "demand": "厨房漏气"}
    number = (await cases.open(intake(**given))).case_number
    await cases.p0_dispatch(P0Dispatch(number, "抢修一队", "孙调度", clock.now(), True, "li"))
    clock.advance(170)
    assert await Reminding(uow_factory, clock).tick() == 0
    clock.advance(20)
    assert await Reminding(uow_factory, clock).tick() == 1
    assert await told(uow_factory) == [("p0.unconfirmed", "T_state")]
    assert await Reminding(uow_factory, clock).tick() == 0  # another life, or another server
    clock.advance(12 * 60)
    assert await Reminding(uow_factory, clock).tick() == 1
    assert (await told(uow_factory))[-1] == ("timer.warning", "T_arrive")


async def test_a_leak_that_was_signed_in_time_is_not_told(
    cases: CaseServices, uow_factory: UnitOfWorkFactory, clock: FakeClock
) -> None:
    given = {"case_type": CaseType.EMERGENCY, "matter": "GAS_LEAK", "urgency": Urgency.P0, "demand": "厨房漏气"}
    number = (await cases.open(intake(**given))).case_number
    await cases.p0_dispatch(P0Dispatch(number, "抢修一队", "孙调度", clock.now(), True, "li"))
    await go(cases, number, CaseMove.SIGN, Role.UNIT_DISPATCH)
    clock.advance(240)
    assert await Reminding(uow_factory, clock).tick() == 0


async def test_the_limit_to_close_shows_yellow_then_red(
    cases: CaseServices, uow_factory: UnitOfWorkFactory, clock: FakeClock
) -> None:
    number = (await cases.open(intake(matter="SERVICE_HALL", demand="营业厅太远"))).case_number
    await go(cases, number, CaseMove.SAVE, Role.AGENT)
    await go(cases, number, CaseMove.CLASSIFY, Role.SORTER)
    for _ in range(8):
        clock.advance(timedelta(hours=12).total_seconds())
        await Reminding(uow_factory, clock).tick()
    assert await told(uow_factory) == [("timer.yellow", "T_close"), ("timer.red", "T_close")]
