"""Passwords and tokens match only themselves and print nowhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from access.credentials import Passwords, TokenHasher, TokenText, random_password
from access.errors import PasswordRefused

pytestmark = pytest.mark.unit


async def test_a_password_matches_its_own_hash_only() -> None:
    passwords = Passwords(memory_kib=64, rounds=1)
    kept = await passwords.hash("correct horse")
    assert kept.startswith("$argon2id$")
    assert await passwords.matches(kept, "correct horse")
    assert not await passwords.matches(kept, "correct horsf")
    assert not await passwords.matches(None, "correct horse")
    assert not await passwords.matches("damaged", "correct horse")


async def test_a_short_password_is_refused() -> None:
    with pytest.raises(PasswordRefused, match="10 characters"):
        await Passwords(memory_kib=64, rounds=1).hash("123456")


async def test_an_older_cost_is_noticed() -> None:
    kept = await Passwords(memory_kib=64, rounds=1).hash("correct horse")
    assert Passwords(memory_kib=128, rounds=1).needs_new_hash(kept)


def test_random_passwords_are_long_and_differ() -> None:
    made = {random_password() for _ in range(100)}
    assert len(made) == 100
    assert all(len(password) == 23 for password in made)


def test_a_token_is_read_back_and_does_not_print() -> None:
    token = TokenText.fresh("0" * 26)
    assert TokenText.read(str(token)) == token
    assert token.secret not in repr(token)


@given(st.text(max_size=90))
def test_any_other_text_is_no_token(text: str) -> None:
    token = TokenText.read(text)
    assert token is None or str(token) == text


def test_a_device_mark_belongs_to_one_name() -> None:
    hasher = TokenHasher(b"t" * 32)
    mark = hasher.device("li")
    assert hasher.is_device("li", mark)
    assert not hasher.is_device("wang", mark)
    assert not hasher.is_device("li", mark + "0")
    assert not TokenHasher(b"u" * 32).is_device("li", mark)
    assert not hasher.is_device("li", "中文")
