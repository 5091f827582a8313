"""Users, their tokens, and their looks at plain numbers."""

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text

from access.roles import Role, Scope
from access.user import TokenKind
from store.tables.metadata import EnumSet, EnumText, UtcDateTime, metadata, ulid

user_table = Table(
    "app_user",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("name", String(40), nullable=False, unique=True),
    Column("display_name", String(80), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("roles", EnumSet(Role), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("password_set_at", UtcDateTime, nullable=False),
    Column("active", Boolean, nullable=False),
    Column("must_change_password", Boolean, nullable=False),
    Column("version", Integer, nullable=False),
)

token_table = Table(
    "access_token",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("user_id", ulid(), ForeignKey("app_user.id"), nullable=False, index=True),
    Column("kind", EnumText(TokenKind), nullable=False),
    Column("label", String(100), nullable=False),
    Column("secret_hash", String(64), nullable=False),
    Column("scopes", EnumSet(Scope), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("revoked_at", UtcDateTime),
)

reveal_table = Table(
    "phone_reveal",
    metadata,
    Column("id", ulid(), primary_key=True),
    Column("user_id", ulid(), ForeignKey("app_user.id"), nullable=False),
    Column("subject", String(200), nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_phone_reveal_user_id_at", "user_id", "at"),
)
