"""The switch of machine calling: a row that every server reads and that outlives each of them."""

import pytest
from sqlalchemy import select

from callbacks.outbound_switch import OutboundSwitch
from store.tables.audit import audit_entries
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import FakeClock

pytestmark = pytest.mark.store


@pytest.fixture
def switch(uow_factory: UnitOfWorkFactory, clock: FakeClock) -> OutboundSwitch:
    return OutboundSwitch(uow_factory, clock)


async def test_machines_may_call_while_nobody_ever_moved_it(switch: OutboundSwitch) -> None:
    assert await switch.outbound_allowed() is True
    assert await switch.position() is None


async def test_a_pause_holds_for_another_server_and_after_a_restart_with_who_when_and_why(
    switch: OutboundSwitch, uow_factory: UnitOfWorkFactory, clock: FakeClock
) -> None:
    paused_at = clock.now()
    await switch.pause("lead", "用户投诉 AI 来电")
    clock.advance(3600)
    other = OutboundSwitch(uow_factory, clock)
    assert await other.outbound_allowed() is False
    standing = await other.position()
    assert standing is not None
    assert (standing.paused_by, standing.at, standing.reason) == ("lead", paused_at, "用户投诉 AI 来电")
    await other.resume("manager")
    assert await switch.outbound_allowed() is True
    standing = await switch.position()
    assert standing is not None
    assert (standing.paused_by, standing.by) == (None, "manager")


async def test_each_move_is_audited(switch: OutboundSwitch, uow_factory: UnitOfWorkFactory) -> None:
    await switch.pause("lead")
    await switch.pause("manager", "再次确认")
    await switch.resume("manager")
    async with uow_factory() as uow:
        query = select(audit_entries.c.actor, audit_entries.c.action, audit_entries.c.reason).order_by(
            audit_entries.c.number
        )
        rows = (await uow.session.execute(query)).all()
    assert [tuple(row) for row in rows] == [
        ("lead", "machine_calling.pause", "一键暂停"),
        ("manager", "machine_calling.pause", "再次确认"),
        ("manager", "machine_calling.resume", "恢复"),
    ]


async def test_without_the_carriers_permit_no_machine_calls(uow_factory: UnitOfWorkFactory, clock: FakeClock) -> None:
    assert await OutboundSwitch(uow_factory, clock, permitted=False).outbound_allowed() is False
