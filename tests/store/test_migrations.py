"""Each revision goes up and down on both databases, and the last one is what the tables say."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from store.migrations import make as making
from store.migrations.runner import SchemaRefused, differences, downgrade, migration_engine, revisions, upgrade
from store.schema import load_tables
from store.tables.metadata import metadata

pytestmark = pytest.mark.store


def _tables(url: str) -> set[str]:
    engine = migration_engine(url)
    names = set(inspect(engine).get_table_names())
    engine.dispose()
    return names


def test_every_revision_goes_up_down_and_up_again(database_url: str) -> None:
    before = "base"
    for revision in revisions():
        upgrade(database_url, revision)
        downgrade(database_url, before)
        upgrade(database_url, revision)
        before = revision
    downgrade(database_url)
    ours = {name for name in _tables(database_url) if name in _metadata_tables()}
    assert ours == set()


def test_the_newest_revision_is_what_the_tables_say(database_url: str) -> None:
    upgrade(database_url)
    engine = migration_engine(database_url)
    with engine.connect() as connection:
        assert differences(connection) == []
    engine.dispose()


def test_an_upgrade_repeated_changes_nothing(database_url: str) -> None:
    upgrade(database_url)
    engine = migration_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("INSERT INTO event_reader (name, position) VALUES ('desk', 7)"))
    upgrade(database_url)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT position FROM event_reader")) == 7
    engine.dispose()


def test_a_database_of_a_newer_program_is_refused(database_url: str) -> None:
    upgrade(database_url)
    engine = migration_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(SchemaRefused, match="does not fit"):
        upgrade(database_url)


def test_a_revision_is_written_for_what_differs_and_none_for_what_does_not(tmp_path: Path) -> None:
    first = making.make("the first schema", versions=tmp_path)
    assert first is not None
    assert first.name == "0001_the_first_schema.py"
    assert "store." not in first.read_text()  # an old revision must not need today's code
    assert making.make("nothing", versions=tmp_path) is None
    assert [path.name for path in tmp_path.glob("*.py")] == [first.name]


def test_two_starts_at_once_agree(database_url: str) -> None:
    with ThreadPoolExecutor(2) as starts:
        for done in [starts.submit(upgrade, database_url) for _ in range(2)]:
            done.result()
    assert "alembic_version" in _tables(database_url)


def _metadata_tables() -> set[str]:
    load_tables()
    return set(metadata.tables)
