"""The metadata every table joins, the registry every mapping uses, and the column types of the house."""

import enum
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import JSON, DateTime, Dialect, MetaData, String, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import registry

from store.field_encryption import FieldCipher
from vocabulary.phone_number import PhoneNumber

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_N_label)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)
"""All tables. Migrations and tests make the schema from it."""

mapper_registry = registry(metadata=metadata)
"""``mapper_registry.map_imperatively(Case, case_table, version_id_col=case_table.c.version)``."""

ULID_LENGTH = 26


def ulid() -> String:
    """The type of an identifier column: a ULID of 26 characters."""
    return String(ULID_LENGTH)


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment, in UTC on the way in and out; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """See TypeDecorator.

        Raises:
            ValueError: the moment is naive.
        """
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone cannot be stored")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """See TypeDecorator."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class EnumText(TypeDecorator[Any]):
    """An Enum stored as the text of its value, so that a database browser shows words.

    Args:
        enum_class: the Enum; its values must be texts.
    """

    impl = String(40)
    cache_ok = True

    def __init__(self, enum_class: type[enum.Enum]) -> None:
        super().__init__()
        self.enum_class = enum_class

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """See TypeDecorator; accepts the member or its value."""
        return None if value is None else str(self.enum_class(value).value)

    def process_result_value(self, value: Any, dialect: Dialect) -> enum.Enum | None:
        """See TypeDecorator."""
        return None if value is None else self.enum_class(value)


class EnumSet(TypeDecorator[Any]):
    """A frozenset of an Enum's members, stored as a sorted JSON list of their values.

    Args:
        enum_class: the Enum; its values must be texts.
    """

    impl = JSON
    cache_ok = True

    def __init__(self, enum_class: type[enum.Enum]) -> None:
        super().__init__()
        self.enum_class = enum_class

    def process_bind_param(self, value: Any, dialect: Dialect) -> list[str] | None:
        """See TypeDecorator."""
        return None if value is None else sorted(str(member.value) for member in value)

    def process_result_value(self, value: Any, dialect: Dialect) -> frozenset[enum.Enum] | None:
        """See TypeDecorator."""
        return None if value is None else frozenset(self.enum_class(each) for each in value)


Json = JSON().with_variant(JSONB(), "postgresql")
"""A JSON document: JSONB on PostgreSQL, text on SQLite. Changes inside a loaded value are not seen: assign anew."""


class EncryptedText(TypeDecorator[str]):
    """A text that stands encrypted in the database (``store.field_encryption``); it cannot be searched or sorted.

    Args:
        place: ``table.column``; a value moved elsewhere does not open.
    """

    impl = Text
    cache_ok = True

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """See TypeDecorator."""
        return None if value is None else _cipher(dialect).encrypt(value, place=self.place)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """See TypeDecorator."""
        return None if value is None else _cipher(dialect).decrypt(value, place=self.place)


class EncryptedPhone(EncryptedText):
    """A PhoneNumber that stands encrypted; give the table a second column with ``PhoneKeyer.key()`` to look it up."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:
        """See TypeDecorator; takes a PhoneNumber."""
        return None if value is None else super().process_bind_param(value.e164, dialect)

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        """See TypeDecorator; gives a PhoneNumber."""
        return None if value is None else PhoneNumber(super().process_result_value(value, dialect))


def phone_key() -> String:
    """The type of a column that holds ``PhoneKeyer.key()``: 64 hexadecimal characters."""
    return String(64)


def _cipher(dialect: Dialect) -> FieldCipher:
    """The cipher that Database hung on its engines' dialects."""
    cipher: FieldCipher | None = getattr(dialect, "field_cipher", None)
    if cipher is None:
        raise LookupError("this engine was not made by store.database.Database, so it holds no field keys")
    return cipher
