"""From a target to the INVITEs that reach it."""

from typing import cast

import pytest

from telephony.causes import Cause
from telephony.dialling import Dialling, static_seat
from telephony.ports import CallFailed, NumberTarget, SeatTarget, ShortCodeTarget
from telephony.sip import Hop, SipEndpoint
from tests.fakes.sip_line import FakeEndpoint
from tests.telephony.conftest import TRUNKS
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

SIMULATED = PhoneNumber("+8613900000001")


@pytest.fixture
def endpoint() -> FakeEndpoint:
    return FakeEndpoint()


@pytest.fixture
def dialling(endpoint: FakeEndpoint) -> Dialling:
    return Dialling(cast(SipEndpoint, endpoint), TRUNKS)


@pytest.mark.parametrize(
    ("account", "hop"),
    [("127.0.0.1:5090", Hop("127.0.0.1", 5090)), ("8001", None), (":5090", None), ("a:b", None)],
)
def test_a_static_seat_is_written_as_host_and_port(account: str, hop: Hop | None) -> None:
    assert static_seat(account) == hop


def test_a_phone_is_one_round_with_all_its_contacts(dialling: Dialling, endpoint: FakeEndpoint) -> None:
    endpoint.register("8001", "10.0.0.5", "10.0.0.6")
    (once,) = dialling.rounds(SeatTarget("8001"), caller_id="96556", in_use={})
    assert [attempt.hop for attempt in once.attempts] == [Hop("10.0.0.5", 5062), Hop("10.0.0.6", 5062)]
    assert (once.account, once.trunk, once.dialled) == ("8001", None, "8001")


def test_a_number_is_one_round_a_trunk_and_the_absent_softphone_is_left_out(
    dialling: Dialling, endpoint: FakeEndpoint
) -> None:
    target = NumberTarget(SIMULATED)
    assert [way.trunk for way in dialling.rounds(target, caller_id="96556", in_use={})] == ["unicom", "telecom"]
    endpoint.register("softphone", "127.0.0.1")
    ways = dialling.rounds(target, caller_id="96556", in_use={"unicom": 100})
    assert [(way.trunk, way.account) for way in ways] == [("telecom", None), ("sim", "softphone")]
    assert ways[0].dialled == "139****0001"


def test_a_short_code_stands_unmasked_and_goes_to_the_registrar_we_use(dialling: Dialling) -> None:
    unicom, telecom = dialling.rounds(ShortCodeTarget("119"), caller_id="96556", in_use={})
    assert (unicom.dialled, unicom.number) == ("119", None)
    assert unicom.attempts[0].caller_host == ""
    assert telecom.attempts[0].caller_host == "sbc.example"


def test_the_only_softphone_being_absent_is_not_registered(endpoint: FakeEndpoint) -> None:
    dialling = Dialling(cast(SipEndpoint, endpoint), TRUNKS[2:])
    with pytest.raises(CallFailed) as failed:
        dialling.rounds(NumberTarget(SIMULATED), caller_id="96556", in_use={})
    assert failed.value.cause is Cause.NOT_REGISTERED
