import pytest

from telephony.sip import SipSettings

pytestmark = pytest.mark.unit


def test_the_defaults_bind_nothing_but_this_machine_and_bound_every_table() -> None:
    settings = SipSettings()
    assert settings.bind_host == "127.0.0.1"
    bounds = (
        settings.max_contacts,
        settings.max_registrations,
        settings.max_transactions,
        settings.max_invites,
        settings.max_tcp_connections,
    )
    assert all(0 < bound <= 20_000 for bound in bounds)


def test_the_strongest_digest_goes_first() -> None:
    assert SipSettings().digest_algorithms == ("SHA-256", "MD5")
