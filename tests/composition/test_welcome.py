"""What a newcomer reads when the server has started."""

from pathlib import Path

import pytest

from composition.first_start import Passwords
from composition.hotline import Started
from composition.welcome import welcome
from vocabulary.settings import Settings

pytestmark = pytest.mark.unit
SETTINGS = Settings.model_validate(
    {
        "sip": {"bind": "0.0.0.0", "advertised_address": "192.168.1.10"},
        "api": {"bind": "0.0.0.0"},
        "accounts": [{"username": "8001", "seat": True}, {"username": "user"}],
        "trunks": [{"name": "sim", "kind": "sim", "lines": [{"account": "user", "number": "13800001234"}]}],
    }
)
FRESH = Passwords({"8001": "first-secret", "user": "second-secret"}, frozenset({"8001", "user"}))
KNOWN = Passwords(FRESH.accounts, frozenset())


def test_on_a_network_it_says_which_address_stands_in_sdp_and_where_the_api_is() -> None:
    text = welcome(SETTINGS, FRESH, Started(5060, {"admin": "shown-once"}), Path("a.toml"), secure=True)
    assert "SIP   192.168.1.10:5060 UDP+TCP   SDP: 192.168.1.10" in text
    assert "https://192.168.1.10:8056/docs" in text
    assert "0.0.0.0" not in text


def test_it_names_the_accounts_what_to_dial_and_that_nothing_leaves_this_machine() -> None:
    text = welcome(SETTINGS, FRESH, Started(5060, {"admin": "shown-once"}), Path("a.toml"), secure=False)
    for said in ("8001", "first-secret", "13800001234", "96556", "*11", "shown-once", "simulated only", "SMS: sim"):
        assert said in text


def test_passwords_are_shown_at_the_start_that_made_them_and_never_again() -> None:
    text = welcome(SETTINGS, KNOWN, Started(5060, {}), Path("a.toml"), secure=False)
    assert "secret" not in text
    assert "passwords.json" in text
