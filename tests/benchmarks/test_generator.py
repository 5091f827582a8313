"""Callers against seats, without a server between: the generator measures itself."""

import asyncio
import json
import sys
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[2]


async def started(**order: Any) -> Process:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.generator", stdin=PIPE, stdout=PIPE, cwd=ROOT
    )
    await tell(process, **order)
    return process


async def tell(process: Process, **command: Any) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(command).encode() + b"\n")
    await process.stdin.drain()


async def wait_for(process: Process, event: str) -> dict[str, Any]:
    assert process.stdout
    async with asyncio.timeout(20):
        while True:
            said: dict[str, Any] = json.loads(await process.stdout.readline())
            if said["event"] == event:
                return said


async def test_calls_between_the_two_sides_are_counted_and_timed() -> None:
    seats = await started(role="seats", server=["127.0.0.1", 9])
    port = (await wait_for(seats, "ready"))["port"]
    callers = await started(
        role="callers", server=["127.0.0.1", port], dialled="96556", calls=3, rate=50, until="bridge"
    )
    assert (await wait_for(callers, "up"))["failed"] == 0
    for process in (callers, seats):
        await tell(process, do="window", seconds=1.0)
    await wait_for(callers, "window_over")
    await tell(callers, do="finish")
    result = await wait_for(callers, "result")
    await tell(seats, do="finish")
    rung = (await wait_for(seats, "result"))["calls"]
    await asyncio.gather(callers.wait(), seats.wait())
    assert [call["state"] for call in result["calls"]] == ["ended"] * 3
    assert {call["caller"] for call in rung} == {call["number"] for call in result["calls"]}
    assert 19 < result["gap_p50_ms"] < 21
    assert all(call["in_window"] >= 45 and call["lost"] == 0 for call in result["calls"])
    assert all(call["heard_caller"] for call in rung)


async def test_a_server_that_is_not_there_fails_every_call() -> None:
    callers = await started(
        role="callers", server=["127.0.0.1", 9], dialled="1", calls=2, rate=50, hang_up_after_s=0.1, answer_within_s=0.3
    )
    result = await wait_for(callers, "result")
    await callers.wait()
    assert [call["status"] for call in result["calls"]] == [408, 408]
