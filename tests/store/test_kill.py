"""kill -9 between, before and after commits: what was acknowledged stands, whole, and the chain holds."""

import asyncio
import os
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from store.audit import last_seal, verify
from store.database import Database
from store.tables.event_outbox import event_outbox

pytestmark = pytest.mark.fault

DESK = Path(__file__).with_name("acknowledging_desk.py")


async def test_what_was_acknowledged_before_kill_9_stands(database: Database) -> None:
    root = str(Path(__file__).parents[2])
    for after in (3, 20):
        desk = await asyncio.create_subprocess_exec(
            sys.executable, str(DESK), database.url, cwd=root, env=os.environ | {"PYTHONPATH": root},
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert desk.stdout is not None
        said = []
        async with asyncio.timeout(30):
            for _ in range(after):
                said.append(int(await desk.stdout.readline()))
            desk.kill()
            said += [int(line) for line in (await desk.stdout.read()).split()]
            await desk.wait()
        async with AsyncSession(database.reading) as session:
            assert await verify(session) is None
            entries, _ = await last_seal(session)
            events = await session.scalar(select(func.count()).select_from(event_outbox))
        assert entries >= said[-1]
        assert entries == events
