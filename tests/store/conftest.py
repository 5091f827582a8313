"""`database`: a fresh, empty schema for each test, once on SQLite and once on PostgreSQL.

A test that only concerns one of them marks itself with
`@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)`.
"""

import importlib
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from store.database import Database
from store.field_encryption import FieldCipher
from store.schema import start_mappers
from store.tables.metadata import metadata
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import FakeClock
from tests.fakes.jobs import RememberedJobs
from vocabulary.phone_number import PhoneKeyer


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The address of a PostgreSQL that lives as long as the test session."""
    if not os.environ.get("CI"):
        pytest.importorskip("pgserver", reason="PostgreSQL tests need the package pgserver")
    pgserver = importlib.import_module("pgserver")
    folder = Path(tempfile.mkdtemp(prefix="nx-pg-"))
    folder.chmod(0o755)  # as root, the server runs under its own account
    server = pgserver.get_server(folder / "data", cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'nuanxian.db'}"
        return
    server = make_url(request.getfixturevalue("postgresql_server")).set(drivername="postgresql+psycopg")
    name = f"t_{secrets.token_hex(6)}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def cipher() -> FieldCipher:
    return FieldCipher({"k1": os.urandom(32)})


@pytest.fixture
def phone_keyer() -> PhoneKeyer:
    return PhoneKeyer(b"k" * 32)


@pytest.fixture
async def empty_database(database_url: str, cipher: FieldCipher) -> AsyncIterator[Database]:
    """A database without tables."""
    database = Database(database_url, cipher=cipher)
    yield database
    await database.dispose()


@pytest.fixture
async def database(empty_database: Database) -> Database:
    """A database with every table of the metadata, all classes mapped."""
    start_mappers()
    async with empty_database.writing.begin() as connection:
        await connection.run_sync(metadata.create_all)
    return empty_database


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def jobs() -> RememberedJobs:
    """What units of work asked for."""
    return RememberedJobs()


@pytest.fixture
def uow_factory(
    database: Database, clock: FakeClock, phone_keyer: PhoneKeyer, jobs: RememberedJobs
) -> UnitOfWorkFactory:
    """Makes units of work on `database`."""
    return UnitOfWorkFactory(database, clock=clock, phone_keyer=phone_keyer, job_writer=jobs)
