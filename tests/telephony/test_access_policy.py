"""Trunks come in by their address, strangers are challenged and logged with every trunk's reason."""

import logging

import pytest

from telephony.access_policy import TrunkPolicy, trusted_addresses
from telephony.sip import Credentials, Hop, NeedsDigest, Request, Trusted, WrongPasswordLimiter
from telephony.trunks import Trunk, TrunkKind

pytestmark = pytest.mark.unit

TRUNKS = (
    Trunk("lab", TrunkKind.ADDRESS, networks=("127.0.0.1",), source_ports=(5080, 5081), priority=2),
    Trunk("unicom", TrunkKind.ADDRESS, networks=("203.0.113.0/29",), priority=1),
    Trunk("sim", TrunkKind.SIM),
)


@pytest.fixture
def policy() -> TrunkPolicy:
    accounts = {"8001": Credentials("8001", "secret")}
    return TrunkPolicy(TRUNKS, accounts.get, WrongPasswordLimiter(lambda: 0.0))


def invite(**headers: list[str]) -> Request:
    return Request("INVITE", "sip:96556@192.0.2.1", {"Call-ID": ["a"], **headers})


@pytest.mark.parametrize(
    ("source", "trunk"),
    [(Hop("203.0.113.5", 5060), "unicom"), (Hop("127.0.0.1", 5081), "lab"), (Hop("127.0.0.1", 5082), None)],
)
def test_a_trunk_is_trusted_by_its_network_and_port(policy: TrunkPolicy, source: Hop, trunk: str | None) -> None:
    verdict = policy.judge(invite(), source)
    assert verdict == (Trusted(trunk) if trunk else NeedsDigest())


def test_a_strangers_call_is_logged_with_each_reason_once(
    policy: TrunkPolicy, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        policy.judge(invite(), Hop("192.0.2.66", 5060))
        policy.judge(invite(Authorization=["Digest x"]), Hop("192.0.2.66", 5060))
    (record,) = caplog.records
    assert [reason.split(":")[0] for reason in record.__dict__["reasons"]] == ["unicom", "lab", "sim"]


def test_only_accounts_that_exist_have_credentials(policy: TrunkPolicy) -> None:
    assert policy.credentials("8001") is not None
    assert policy.credentials("8002") is None


def test_simulated_trunks_have_no_address_and_each_port_is_one_entry() -> None:
    assert [(entry.trunk, entry.network, entry.port) for entry in trusted_addresses(TRUNKS)] == [
        ("unicom", "203.0.113.0/29", None),
        ("lab", "127.0.0.1", 5080),
        ("lab", "127.0.0.1", 5081),
    ]
