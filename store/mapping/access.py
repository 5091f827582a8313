"""Users and tokens onto their tables."""

from access.user import Token, User
from store.tables.access import token_table, user_table
from store.tables.metadata import mapper_registry


def map_classes() -> None:
    """Called once, by ``store.schema.start_mappers``."""
    mapper_registry.map_imperatively(User, user_table, version_id_col=user_table.c.version)
    mapper_registry.map_imperatively(Token, token_table)
