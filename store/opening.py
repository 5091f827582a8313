"""Open the whole store of one process: secrets, database, units of work, recordings. The order is what matters."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import configure_mappers

from store.database import Database
from store.field_encryption import FieldCipher
from store.jobs import DbosJobWriter
from store.migrations import upgrade
from store.recordings import Recordings
from store.schema import start_mappers
from store.secrets import Secrets, load_or_create
from store.unit_of_work import UnitOfWorkFactory
from vocabulary.clock import Clock
from vocabulary.phone_number import PhoneKeyer


@dataclass(frozen=True, slots=True)
class Store:
    """What a process holds while it runs; ``close`` it at the end."""

    secrets: Secrets
    phone_keyer: PhoneKeyer
    database: Database
    units: UnitOfWorkFactory
    recordings: Recordings
    job_writer: DbosJobWriter

    async def close(self) -> None:
        """Close every connection."""
        self.job_writer.dispose()
        await self.database.dispose()


async def open_store(
    *, url: str, secrets_folder: Path, recordings_place: str | Path, clock: Clock, migrate: bool = True
) -> Store:
    """Open the store; the first process to come makes secrets and tables.

    Args:
        url: of the database.
        secrets_folder: where ``secrets.json`` is kept, mode 0600.
        recordings_place: a folder or ``s3://bucket/prefix``.
        clock: stamps whatever is written.
        migrate: False in the processes that the server starts, which has done it before them.
    Raises:
        SecretsRefused, SchemaRefused: see there.
    """
    secrets = load_or_create(secrets_folder)
    if migrate:
        await asyncio.to_thread(upgrade, url)
    start_mappers()
    configure_mappers()  # else the first call of the day pays for it
    keyer = PhoneKeyer(secrets.phone_key)
    database = Database(url, cipher=FieldCipher(secrets.field_keys))
    writer = DbosJobWriter(database, clock=clock)
    units = UnitOfWorkFactory(database, clock=clock, phone_keyer=keyer, job_writer=writer)
    recordings = Recordings(recordings_place, units, clock=clock)
    return Store(secrets, keyer, database, units, recordings, writer)
