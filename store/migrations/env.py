"""Alembic's entry: runs on the connection that ``store.migrations.runner`` hands over."""

from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import JSON, TypeDecorator

from store.migrations.runner import is_ours
from store.schema import load_tables
from store.tables.metadata import EnumText, metadata


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Write our column types as what they are in the database, so that old revisions need none of today's code."""
    if kind != "type":
        return False
    kept_as = item.impl if isinstance(item, TypeDecorator) else item
    if isinstance(kept_as, JSON) and "postgresql" in kept_as._variant_mapping:
        autogen.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if isinstance(item, EnumText):
        return f"sa.String(length={item.impl.length})"
    if isinstance(item, TypeDecorator) and kept_as.__module__.startswith("sqlalchemy.sql"):
        return f"sa.{kept_as!r}"
    return False


load_tables()
context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    compare_type=True,
    include_name=is_ours,
    render_item=render_item,
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
