"""Which line a call came by, which it may leave by, and who calls; refusals name every trunk tried."""

import pytest

from telephony.errors import NoTrunkFor, TrunkNotMatched
from telephony.trunks import (
    ArrivingCall,
    SimulatedLine,
    Trunk,
    TrunkKind,
    caller_number,
    choose_outbound,
    match_inbound,
)
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

MOBILE = PhoneNumber("+8613800001234")
FIXED = PhoneNumber("+8653285551234")
CARRIER = Trunk(
    "unicom", TrunkKind.ADDRESS, networks=("203.0.113.0/29",), host="203.0.113.2", callers=("053296556",), priority=1
)
REGISTERED = Trunk(
    "telecom", TrunkKind.REGISTER, networks=("198.51.100.7",), host="sbc.example", username="96556",
    callers=("96556", "053296556"), carries=r"0?1[3-9]\d{9}", priority=2,
)  # fmt: skip
SIMULATED = Trunk(
    "sim", TrunkKind.SIM, callers=("96556",), priority=9,
    lines=(SimulatedLine("softphone", MOBILE), SimulatedLine("second", FIXED)),
)  # fmt: skip
ALL = (SIMULATED, REGISTERED, CARRIER)


def test_a_carrier_is_known_by_its_address() -> None:
    match = match_inbound(ArrivingCall("203.0.113.5", 5060, "96556"), ALL)
    assert match.trunk is CARRIER
    assert match.number is None


def test_a_call_that_signalling_knows_is_that_trunks_whatever_its_networks_say() -> None:
    assert match_inbound(ArrivingCall("192.0.2.1", 5060, "96556", known_as="telecom"), ALL).trunk is REGISTERED


def test_a_softphone_of_the_simulated_line_brings_its_number() -> None:
    match = match_inbound(ArrivingCall("127.0.0.1", 41000, "96556", account="second"), ALL)
    assert match.trunk is SIMULATED
    assert match.number == FIXED


def test_a_stranger_is_refused_by_every_trunk_with_its_reason() -> None:
    with pytest.raises(TrunkNotMatched) as refused:
        match_inbound(ArrivingCall("192.0.2.9", 5060, "96556"), ALL)
    unicom, telecom, sim = refused.value.reasons
    assert unicom == "unicom: source 192.0.2.9 is in none of 203.0.113.0/29"
    assert telecom == "telecom: source 192.0.2.9 is in none of 198.51.100.7"
    assert sim == "sim: the caller is none of its simulated lines"
    assert str(refused.value).count(";") == 2


def test_a_seats_phone_is_no_trunk_even_at_the_carriers_address() -> None:
    with pytest.raises(TrunkNotMatched) as refused:
        match_inbound(ArrivingCall("203.0.113.5", 5060, "96556", account="8001"), (CARRIER,))
    assert refused.value.reasons == ("unicom: the caller is a registered phone",)


def test_a_trunk_may_be_one_source_port_and_one_called_number() -> None:
    trunk = Trunk("lab", TrunkKind.ADDRESS, networks=("127.0.0.1",), source_ports=(5080,), dialled="96556")
    assert match_inbound(ArrivingCall("127.0.0.1", 5080, "96556"), (trunk,)).trunk is trunk
    with pytest.raises(TrunkNotMatched, match="source port 5081 is none of 5080"):
        match_inbound(ArrivingCall("127.0.0.1", 5081, "96556"), (trunk,))
    with pytest.raises(TrunkNotMatched, match="the dialled number does not match"):
        match_inbound(ArrivingCall("127.0.0.1", 5080, "12345"), (trunk,))


def test_an_address_that_is_none_matches_no_network() -> None:
    with pytest.raises(TrunkNotMatched):
        match_inbound(ArrivingCall("not-an-address", 5060, "96556"), (CARRIER,))


def test_without_a_trunk_the_refusal_says_so() -> None:
    with pytest.raises(TrunkNotMatched, match="no trunk is configured"):
        match_inbound(ArrivingCall("192.0.2.9", 5060, "96556"), ())


def test_a_call_leaves_by_priority_and_shows_each_trunks_own_number() -> None:
    routes = choose_outbound(MOBILE, ALL, caller_id="")
    assert [(route.trunk.name, route.user, route.caller) for route in routes] == [
        ("unicom", "13800001234", "053296556"),
        ("telecom", "13800001234", "96556"),
        ("sim", "13800001234", "96556"),
    ]


def test_a_trunk_that_may_not_show_the_hotlines_number_is_left_out() -> None:
    routes = choose_outbound(MOBILE, ALL, caller_id="96556")
    assert [route.trunk.name for route in routes] == ["telecom", "sim"]


def test_a_number_nobody_carries_is_refused_with_every_reason() -> None:
    with pytest.raises(NoTrunkFor) as refused:
        choose_outbound(FIXED, (REGISTERED, CARRIER), caller_id="12345")
    assert refused.value.reasons == (
        "unicom: may not show the caller '12345'",
        r"telecom: does not carry such a number ('0?1[3-9]\\d{9}')",
    )


def test_a_full_trunk_is_passed_over() -> None:
    assert choose_outbound(MOBILE, ALL, caller_id="", in_use={"unicom": 100})[0].trunk is REGISTERED


def test_the_simulated_trunk_rings_the_phone_with_that_number_or_the_first() -> None:
    assert choose_outbound(FIXED, (SIMULATED,), caller_id="")[0].account == "second"
    assert choose_outbound("110", (SIMULATED,), caller_id="")[0].account == "softphone"


def test_trunks_without_address_or_line_carry_nothing() -> None:
    bare = (Trunk("a", TrunkKind.ADDRESS), Trunk("s", TrunkKind.SIM))
    with pytest.raises(NoTrunkFor, match="a: has no address to send to; s: has no simulated line"):
        choose_outbound("119", bare, caller_id="")


@pytest.mark.parametrize(
    ("user", "number"),
    [
        ("13800001234", MOBILE),
        ("+8613800001234", MOBILE),
        ("008613800001234", MOBILE),
        ("8613800001234", MOBILE),
        ("85551234", FIXED),
        ("053285551234", FIXED),
        ("", None),
        ("anonymous", None),
        ("96556", None),
    ],
)
def test_the_caller_is_a_number_that_can_be_called_back_or_unknown(user: str, number: PhoneNumber | None) -> None:
    assert caller_number(user) == number
