"""Encrypted fields open only with their key and in their place."""

import base64
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Column, MetaData, String, Table, insert, select, text

from store.database import Database
from store.errors import DecryptionFailed
from store.field_encryption import FieldCipher
from store.tables.metadata import EncryptedPhone, EncryptedText
from vocabulary.phone_number import PhoneNumber

OLD, NEW = os.urandom(32), os.urandom(32)


@pytest.mark.unit
@given(st.text())
def test_what_was_hidden_comes_back_and_two_hidings_differ(plain: str) -> None:
    cipher = FieldCipher({"k1": OLD})
    first, second = (cipher.encrypt(plain, place="person.phone") for _ in range(2))
    assert first != second
    assert cipher.decrypt(first, place="person.phone") == plain


@pytest.mark.unit
def test_a_value_moved_to_another_column_does_not_open() -> None:
    cipher = FieldCipher({"k1": OLD})
    with pytest.raises(DecryptionFailed):
        cipher.decrypt(cipher.encrypt("secret", place="person.phone"), place="reporter.phone")


@pytest.mark.unit
@given(st.integers(0, 33))
def test_one_changed_byte_is_found(at: int) -> None:
    cipher = FieldCipher({"k1": OLD})
    raw = bytearray(base64.b64decode(cipher.encrypt("secret", place="a.b").split(":")[1]))
    raw[at] ^= 1
    with pytest.raises(DecryptionFailed):
        cipher.decrypt("k1:" + base64.b64encode(raw).decode(), place="a.b")


@pytest.mark.unit
def test_a_newer_key_encrypts_and_the_older_still_opens() -> None:
    stored = FieldCipher({"k1": OLD}).encrypt("old", place="a.b")
    both = FieldCipher({"k1": OLD, "k2": NEW})
    assert both.decrypt(stored, place="a.b") == "old"
    assert both.encrypt("new", place="a.b").startswith("k2:")
    with pytest.raises(DecryptionFailed, match="does not hold"):
        FieldCipher({"k2": NEW}).decrypt(stored, place="a.b")


@pytest.mark.store
async def test_a_phone_stands_encrypted_in_the_database(empty_database: Database) -> None:
    table = Table(
        "person", MetaData(), Column("id", String(2)),
        Column("phone", EncryptedPhone("person.phone")), Column("name", EncryptedText("person.name")),
    )  # fmt: skip
    number = PhoneNumber("+8613800001234")
    async with empty_database.writing.begin() as connection:
        await connection.run_sync(table.create)
        await connection.execute(insert(table), {"id": "1", "phone": number, "name": "李四"})
        row = (await connection.execute(select(table))).one()
        raw = (await connection.execute(text("SELECT phone, name FROM person"))).one()
    assert (row.phone, row.name) == (number, "李四")
    assert "13800001234" not in raw.phone and "李四" not in raw.name
