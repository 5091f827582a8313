"""Run the revisions, all of them in one transaction, whichever process comes first."""

from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text

from store.database import set_up_sqlite
from store.errors import StoreError
from store.jobs import prepare_job_tables
from store.schema import load_tables
from store.tables.metadata import metadata

_ADVISORY_LOCK = 0x4E756170


class SchemaRefused(StoreError):
    """The database was written by a newer program, or a revision left broken references behind."""


VERSIONS = Path(__file__).parent / "versions"


def config_for(connection: Connection | None = None, *, versions: Path = VERSIONS) -> Config:
    """Alembic's configuration, bound to a connection.

    Args:
        connection: what the revisions run on; None only to list them.
        versions: the folder of the revisions.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def migration_engine(url: str) -> Engine:
    """A synchronous engine for revisions; SQLite checks references afterwards, since tables are made anew meanwhile."""
    given = make_url(url)
    is_sqlite = given.get_backend_name() == "sqlite"
    if is_sqlite and given.database:
        Path(given.database).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(given.set(drivername="sqlite+pysqlite" if is_sqlite else "postgresql+psycopg"))
    if is_sqlite:
        set_up_sqlite(engine, writes=True)

        @event.listens_for(engine, "connect")
        def unchecked(connection: Any, _record: Any) -> None:
            connection.execute("PRAGMA foreign_keys=OFF")

    return engine


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database to a revision, and the tables of the durable jobs with it; a repeated call changes nothing.

    Args:
        url: as given to ``Database``.
        revision: the newest by default.
    Raises:
        SchemaRefused: the database is of a newer program.
    """
    engine = migration_engine(url)
    try:
        with engine.begin() as connection:
            _take_turn(connection)
            try:
                command.upgrade(config_for(connection), revision)
            except CommandError as error:
                raise SchemaRefused(f"the database does not fit this program: {error}") from error
            _check_references(connection)
    finally:
        engine.dispose()
    prepare_job_tables(url)


def downgrade(url: str, revision: str = "base") -> None:
    """Take revisions back; only for tests and by hand, since it drops what the newer ones kept."""
    engine = migration_engine(url)
    try:
        with engine.begin() as connection:
            _take_turn(connection)
            command.downgrade(config_for(connection), revision)
    finally:
        engine.dispose()


def revisions(versions: Path = VERSIONS) -> list[str]:
    """All revisions, the oldest first."""
    scripts = ScriptDirectory.from_config(config_for(versions=versions))
    return [script.revision for script in scripts.walk_revisions()][::-1]


def differences(connection: Connection) -> list[Any]:
    """Where the database and the metadata do not agree; tables that are not ours are not looked at."""
    load_tables()
    options = {"compare_type": True, "include_name": is_ours}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


def is_ours(name: str | None, kind: str, _parents: Any) -> bool:
    """Whether a table belongs to the metadata; the others are DBOS's."""
    return kind != "table" or name in metadata.tables


def _take_turn(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _ADVISORY_LOCK})


def _check_references(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
        if broken:
            raise SchemaRefused(f"a revision left {len(broken)} broken references, first in table {broken[0][0]}")
