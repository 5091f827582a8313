"""Write a revision from what the tables say now: ``python -m store.migrations.make "add the roster"``.

``--anew`` first removes all revisions and writes a single one; only before the first release.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.operations.ops import MigrationScript

from store.migrations.runner import VERSIONS, config_for, migration_engine, revisions


def make(message: str, *, anew: bool = False, versions: Path = VERSIONS) -> Path | None:
    """Compare the newest revision with the metadata and write the difference.

    Args:
        message: what changes, in a few words; becomes the file's name.
        anew: write one revision in place of all.
        versions: the folder of the revisions.
    Returns:
        The new file; None if nothing differs.
    """
    versions.mkdir(exist_ok=True)
    if anew:
        for old in versions.glob("[0-9]*.py"):
            old.unlink()
    number = f"{len(revisions(versions)) + 1:04d}"
    with tempfile.TemporaryDirectory() as folder:
        engine = migration_engine(f"sqlite:///{folder}/empty.db")
        with engine.begin() as connection:
            config = config_for(connection, versions=versions)
            command.upgrade(config, "head")
            kept: list[bool] = []

            def drop_if_empty(_context: object, _revision: object, scripts: list[MigrationScript]) -> None:
                kept.append(not (scripts[0].upgrade_ops is None or scripts[0].upgrade_ops.is_empty()))
                if not kept[-1]:
                    scripts.clear()

            command.revision(
                config, message, autogenerate=True, rev_id=number, process_revision_directives=drop_if_empty
            )
        engine.dispose()
    return next(iter(versions.glob(f"{number}_*.py")), None) if any(kept) else None


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("message")
    parser.add_argument("--anew", action="store_true")
    arguments = parser.parse_args()
    path = make(arguments.message, anew=arguments.anew)
    sys.stdout.write(f"{path or 'nothing differs: no revision was written'}\n")
