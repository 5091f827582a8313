"""A process for test_kill.py: commits units without end and says each number after its commit."""

import asyncio
import sys

from store.audit import last_seal
from store.database import Database
from store.field_encryption import FieldCipher
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.jobs import RememberedJobs
from vocabulary.clock import SystemClock
from vocabulary.phone_number import PhoneKeyer


async def main(url: str) -> None:
    database = Database(url, cipher=FieldCipher({"k1": b"k" * 32}))
    units = UnitOfWorkFactory(
        database, clock=SystemClock(), phone_keyer=PhoneKeyer(b"k" * 32), job_writer=RememberedJobs()
    )
    async with units.reading() as uow:
        number, _ = await last_seal(uow.session)
    while True:
        number += 1
        async with units() as uow:
            uow.audit.append("desk", "count", f"number {number}")
            uow.events.append("counted", {"number": number})
            await uow.commit()
        sys.stdout.write(f"{number}\n")
        sys.stdout.flush()


asyncio.run(main(sys.argv[1]))
