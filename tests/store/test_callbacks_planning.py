"""Planning callbacks on both databases: one for a case, gone with the case, nobody asked is said."""

import asyncio

import pytest

from callbacks.callback import CallbackState
from callbacks.windows import Channel
from cases.master_data import CaseType
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.callback_desk import CASE, Desk
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneKeyer

pytestmark = pytest.mark.store


@pytest.fixture
def desk(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> Desk:
    return Desk(uow_factory, clock, phone_keyer)


async def test_a_case_that_is_due_gets_one_callback_however_often_the_event_comes(desk: Desk) -> None:
    desk.cases.due(CASE)
    moved = {"case_number": CASE, "from": "CHECKING", "to": "CALLBACK_DUE", "event": "precheck_ok"}
    for _ in range(2):
        await desk.services.on_event("case.moved", moved)
    (callback,) = await desk.all()
    assert (callback.state, callback.channel, callback.rule_number) == (CallbackState.WAITING, Channel.SMS, 13)


async def test_a_case_that_goes_elsewhere_takes_its_callback_with_it(desk: Desk) -> None:
    callback = await desk.due()
    await desk.services.on_event("case.moved", {"case_number": CASE, "from": "CALLBACK_DUE", "to": "VOID"})
    assert (await desk.callback(callback.id)).state is CallbackState.CANCELLED


async def test_nobody_asked_is_an_alert_because_the_case_stays_open(desk: Desk) -> None:
    callback = await desk.due(case_type=CaseType.OTHER)
    assert callback.state is CallbackState.NOT_NEEDED
    assert await desk.alerts() == ["callback.not_needed"]


async def test_a_consultation_rated_bad_by_key_becomes_a_task_for_a_person(desk: Desk) -> None:
    desk.cases.due(CASE, case_type=CaseType.CONSULT, closing_rating="不满意")
    await desk.services.on_event("case.rated", {"case_number": CASE})
    (callback,) = await desk.all()
    assert (callback.channel, callback.rule_number, callback.late) == (Channel.HUMAN, 1, True)


async def test_by_itself_it_ticks_until_it_is_stopped(desk: Desk) -> None:
    await desk.due()
    running = asyncio.create_task(desk.services.run(tick_s=1.0))
    async with asyncio.timeout(20):
        while not desk.clock.sleepers:  # it has ticked once and waits for the next second
            await asyncio.sleep(0)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert len(await desk.sms()) == 1
