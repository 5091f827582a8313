import asyncio
from typing import Any

import pytest

from ivr.ports import CallKind
from ivr.visit import CaseOpening, insist
from tests.fakes.clock import FakeClock
from tests.fakes.hotline import FakeCases
from vocabulary.errors import NuanxianError

pytestmark = pytest.mark.unit


def opening(cases: FakeCases | None, clock: FakeClock) -> "asyncio.Task[str | None]":
    opened: Any = CaseOpening(cases, clock).open(
        "call", CallKind.TALK, caller=None, demand="", recording=None, by="8001"
    )
    return asyncio.create_task(opened)


async def test_a_case_is_made_when_the_store_comes_back() -> None:
    clock, cases = FakeClock(), FakeCases()
    cases.fails = 3
    task = opening(cases, clock)
    await clock.run_for(6.9)
    assert not task.done()
    await clock.run_for(0.2)
    assert task.result() == "RX20261124-0001"
    assert cases.intakes[0].command_id == "call/talk"


async def test_after_half_a_minute_the_log_says_that_no_case_was_made(caplog: pytest.LogCaptureFixture) -> None:
    clock, cases = FakeClock(), FakeCases()
    cases.fails = 99
    task = opening(cases, clock)
    await clock.run_for(40)
    assert task.result() is None
    assert len([record for record in caplog.records if record.levelname == "ERROR"]) == 6


async def test_without_cases_nothing_is_made() -> None:
    assert await opening(None, FakeClock()) is None


async def test_insisting_stops_with_the_first_success() -> None:
    clock, tries = FakeClock(), []

    async def act() -> None:
        tries.append(clock.monotonic_s())
        if len(tries) < 3:
            raise NuanxianError("away")

    task = asyncio.create_task(insist(act, clock, what="test", call_id="call"))
    await clock.run_for(60)
    await task
    assert [at_s - tries[0] for at_s in tries] == [0, 1, 3]
