import pytest

from telephony.sip.core.address import Contact, Hop

pytestmark = pytest.mark.unit


def test_a_hop_is_udp_unless_it_says_otherwise() -> None:
    assert Hop("10.0.0.1", 5060) == Hop("10.0.0.1", 5060, "udp") != Hop("10.0.0.1", 5060, "tcp")


def test_a_contact_without_q_is_preferred() -> None:
    assert Contact("sip:a@b", Hop("10.0.0.1", 5060), 60.0).q == 1.0
