"""Numbers as people write them become E.164, print masked, and are found by a keyed hash."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.errors import InvalidPhoneNumber
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("written", "e164"),
    [
        ("13800001234", "+8613800001234"),
        ("138 0000 1234", "+8613800001234"),
        ("8613800001234", "+8613800001234"),
        ("+8613800001234", "+8613800001234"),
        ("008613800001234", "+8613800001234"),
        ("0532-85551234", "+8653285551234"),
        ("85551234", "+8653285551234"),
        ("(010)66551234", "+861066551234"),
    ],
)
def test_a_number_is_read_as_people_write_it(written: str, e164: str) -> None:
    assert PhoneNumber.parse(written).e164 == e164


@pytest.mark.parametrize("written", ["", "96556", "110", "12345", "anonymous", "1", "<script>"])
def test_what_no_user_can_be_called_on_is_refused_without_being_repeated(written: str) -> None:
    with pytest.raises(InvalidPhoneNumber) as refusal:
        PhoneNumber.parse(written)
    assert not written or written == "1" or written not in str(refusal.value)


def test_a_number_prints_masked() -> None:
    number = PhoneNumber("+8613800001234")
    assert f"{number} {number!r}" == "138****1234 PhoneNumber(138****1234)"


@given(st.integers(13_000_000_000, 19_999_999_999))
def test_a_mobile_number_survives_the_way_to_national_form_and_back(digits: int) -> None:
    number = PhoneNumber(f"+86{digits}")
    assert PhoneNumber.parse(number.national) == number
    assert number.is_mobile


def test_the_same_number_has_the_same_key_only_under_the_same_secret() -> None:
    number = PhoneNumber("+8613800001234")
    assert PhoneKeyer(b"a" * 32).key(number) == PhoneKeyer(b"a" * 32).key(number)
    assert PhoneKeyer(b"a" * 32).key(number) != PhoneKeyer(b"b" * 32).key(number)


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        PhoneKeyer(b"short")
