"""A jobs process for test_jobs.py: `transcribe` stands still until the gate file is there, then writes its row once."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import text

from store.database import Database
from store.field_encryption import FieldCipher
from store.jobs_worker import JobsConfig, run
from vocabulary.clock import SystemClock


async def main(url: str, gate: Path) -> None:
    database = Database(url, cipher=FieldCipher({"k1": b"k" * 32}))

    async def transcribe(payload: Mapping[str, Any]) -> None:
        while not gate.exists():
            await asyncio.sleep(0.02)
        async with database.writing.begin() as connection:
            await connection.execute(
                text("INSERT INTO desk_transcript VALUES (:key, 1) ON CONFLICT DO NOTHING"), {"key": payload["key"]}
            )

    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    config = JobsConfig(at_once=2, poll_s=0.05)
    await run(database, clock=SystemClock(), handlers={"transcribe": transcribe}, stopping=stopping, config=config)
    await database.dispose()


asyncio.run(main(sys.argv[1], Path(sys.argv[2])))
