import pytest

from telephony.sip.core.credentials import Credentials

pytestmark = pytest.mark.unit


def test_neither_password_nor_hash_is_ever_printed() -> None:
    printed = repr(Credentials("6001", "secret", {"MD5": "0123456789abcdef"}))
    assert "6001" in printed
    assert "secret" not in printed
    assert "0123456789abcdef" not in printed
