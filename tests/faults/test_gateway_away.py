"""The SMS gateway is away: messages wait in the outbox and leave when it comes, once each."""

import asyncio
import json
import os
import shutil
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest

from benchmarks.server_process import free_port
from tests.faults.conftest import Install
from tests.journeys.installation import LINES
from tests.journeys.loop import Jump, handle, open_case, weekday_morning
from tests.journeys.shipped_server import ROOT

pytestmark = pytest.mark.fault
SMSC = ROOT / "tests" / "peers" / "smsc.js"


def need_gateway() -> None:
    """Skip by name, but fail in CI."""
    if shutil.which("node") and (SMSC.parent / "node_modules" / "smpp").exists():
        return
    if os.environ.get("CI"):
        pytest.fail("node or npm smpp is missing")
    pytest.skip("npm smpp is not installed (make peers)")


async def test_messages_wait_in_the_outbox_until_the_gateway_comes(install: Install, tmp_path: Path) -> None:
    need_gateway()
    jump, port, taken = Jump(tmp_path / "clock-offset"), free_port(), tmp_path / "submits.jsonl"
    jump.to(weekday_morning(time(8, 50)))
    server = install(
        clock={"offset_file": str(tmp_path / "clock-offset")},
        sms={"driver": "smpp"},
        **{"sms.smpp": {"port": port, "password": "secret"}},
    )
    number = await open_case(server, LINES["user1"], "away")
    await handle(server, number, jump.now)
    jump.to(jump.now() + timedelta(minutes=15))

    async def queued() -> list[dict[str, Any]]:
        return server.rows("select state, submitted_at, sends from sms_message")

    waiting = await server.until(queued, 30)
    await server.until_logged("gateway not reached")
    assert await queued() == waiting == [{"state": waiting[0]["state"], "submitted_at": None, "sends": 0}]

    gateway = await asyncio.create_subprocess_exec(
        *("node", str(SMSC)),
        stdout=asyncio.subprocess.DEVNULL,
        env={**os.environ, "PORT": str(port), "PASSWORD": "secret", "REPLY": "", "LOG": str(taken)},
    )
    try:

        async def delivered() -> bool:
            return [row["state"] for row in await queued()] == ["delivered"]

        await server.until(delivered, 45)
    finally:
        gateway.terminate()
        await gateway.wait()
    submits = [json.loads(line) for line in taken.read_text().splitlines()]
    parts = {submit["id"] for submit in submits}
    assert submits and len(parts) == len(submits)
    assert {submit["to"] for submit in submits} == {f"86{LINES['user1']}"}
    assert server.rows("select sends from sms_message") == [{"sends": 1}]
