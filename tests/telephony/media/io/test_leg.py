"""The receiving half of a leg, handed datagrams by the test."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telephony.media.core.rtp import pack
from telephony.media.io.leg import Leg
from telephony.media.messages import AudioArrived, ConfigureLeg, DigitReceived

pytestmark = pytest.mark.unit

SIGNALLED = ("192.0.2.1", 4000)
NAT = ("198.51.100.7", 51234)
FOREIGN = ("203.0.113.9", 4000)


class Wire:
    """A socket that keeps where packets went."""

    def __init__(self) -> None:
        self.sent: list[tuple[bytes, Any]] = []

    def get_extra_info(self, name: str) -> Any:
        return ("127.0.0.1", 20000)

    def sendto(self, packet: bytes, to: Any) -> None:
        self.sent.append((packet, to))

    def close(self) -> None:
        pass


class Opened:
    """A configured leg and what it reported."""

    def __init__(self, **agreed: Any) -> None:
        self.wire = Wire()
        self.reports: list[Any] = []
        self.leg = Leg("leg", 20000, self.reports.append, lambda speaker, ticking: None)
        self.leg.connection_made(self.wire)  # type: ignore[arg-type]
        self.leg.configure(ConfigureLeg(leg="leg", remote_host=SIGNALLED[0], remote_port=SIGNALLED[1], **agreed))
        self.sequence = 0

    def hears(
        self, addr: Any = SIGNALLED, *, payload_type: int = 8, ssrc: int = 1, payload: bytes = b"a" * 160
    ) -> None:
        self.sequence += 1
        self.leg.datagram_received(pack(payload_type, self.sequence, self.sequence * 160, ssrc, payload), addr)

    def answers_to(self) -> Any:
        self.leg.speaker.tick(self.leg.speaker._relayed_s + 1)
        return self.wire.sent[-1][1]


def test_packets_go_to_the_signalled_address_until_the_peer_is_heard_from_elsewhere() -> None:
    line = Opened()
    assert line.answers_to() == SIGNALLED
    line.hears(NAT)
    assert line.answers_to() == NAT
    assert line.reports == [AudioArrived("leg")]


def test_once_learned_the_source_is_strict_whatever_ssrc_another_one_uses() -> None:
    line = Opened()
    line.hears(SIGNALLED)
    line.hears(FOREIGN)
    line.hears(FOREIGN, ssrc=2)
    counters = line.leg.counters()
    assert (counters.packets_in, counters.foreign) == (1, 2)
    assert line.answers_to() == SIGNALLED


def test_the_signalled_address_wins_over_one_that_was_only_first() -> None:
    line = Opened()
    line.hears(FOREIGN)
    line.hears(SIGNALLED)
    line.hears(FOREIGN)
    assert line.answers_to() == SIGNALLED
    assert line.leg.counters().foreign == 1


def test_nobody_is_latched_by_junk() -> None:
    line = Opened()
    line.leg.datagram_received(b"junk", FOREIGN)
    line.hears(FOREIGN, payload_type=77)
    line.hears(NAT)
    assert line.answers_to() == NAT


def test_a_changed_ssrc_of_the_same_source_is_accepted_without_loss() -> None:
    line = Opened()
    line.hears()
    line.sequence = 30000
    line.hears(ssrc=2)
    counters = line.leg.counters()
    assert (counters.packets_in, counters.lost) == (2, 0)


def test_a_new_signalled_address_is_learned_afresh() -> None:
    line = Opened()
    line.hears(NAT)
    line.leg.configure(ConfigureLeg(leg="leg", remote_host="192.0.2.77", remote_port=4100))
    assert line.answers_to() == ("192.0.2.77", 4100)
    line.hears(("192.0.2.77", 4100))
    line.hears(NAT)
    assert line.leg.counters().foreign == 1


def test_the_same_agreement_again_keeps_what_was_learned() -> None:
    line = Opened()
    line.hears(NAT)
    line.leg.configure(ConfigureLeg(leg="leg", remote_host=SIGNALLED[0], remote_port=SIGNALLED[1]))
    assert line.answers_to() == NAT


def test_hold_by_0_0_0_0_sends_nothing_and_keeps_what_was_learned() -> None:
    line = Opened()
    line.hears(NAT)
    line.leg.configure(ConfigureLeg(leg="leg", remote_host="0.0.0.0", remote_port=4000))
    line.leg.speaker.tick(0.0)
    assert line.wire.sent == []
    line.leg.configure(ConfigureLeg(leg="leg", remote_host=SIGNALLED[0], remote_port=SIGNALLED[1]))
    assert line.answers_to() == NAT


@pytest.mark.parametrize(
    "wrong",
    [
        {"remote_host": "phone.example"},
        {"remote_host": "::1"},
        {"payload_type": 200},
        {"event_payload_type_out": 128},
        {"event_payload_type_in": -1},
    ],
)
def test_an_impossible_agreement_is_refused_and_changes_nothing(wrong: dict[str, Any]) -> None:
    line = Opened()
    given = {"leg": "leg", "remote_host": SIGNALLED[0], "remote_port": 1, **wrong}
    with pytest.raises(ValueError):
        line.leg.configure(ConfigureLeg(**given))
    assert line.answers_to() == SIGNALLED


def test_rtcp_on_the_rtp_port_is_no_unknown_payload() -> None:
    line = Opened()
    line.leg.datagram_received(pack(200, 1, 2, 3, b"report"), SIGNALLED)
    line.hears(payload_type=34)
    assert line.leg.counters().unknown_payload == 1


def test_a_phone_that_suppresses_silence_is_neither_dead_nor_losing_packets() -> None:
    line = Opened(rtp_timeout_s=5.0)
    line.hears()
    began_s = line.leg._heard_s
    line.leg._heard_s = began_s - 6.0  # six seconds ago
    line.hears(payload_type=13, payload=b"\x20")
    line.leg.sweep(began_s)
    line.hears()
    counters = line.leg.counters()
    assert (counters.lost, counters.unknown_payload) == (0, 0)
    assert line.reports == [AudioArrived("leg")]


def test_keys_are_only_heard_under_the_payload_type_that_was_agreed() -> None:
    line = Opened(event_payload_type_in=96)
    line.hears(payload_type=101, payload=bytes([5, 10, 0, 160]))
    line.hears(payload_type=96, payload=bytes([6, 10, 0, 160]))
    assert [report.digit for report in line.reports if isinstance(report, DigitReceived)] == ["6"]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.binary(max_size=64), st.sampled_from([SIGNALLED, NAT])), max_size=20))
def test_any_datagrams_are_survived_and_counted(datagrams: list[tuple[bytes, Any]]) -> None:
    line, other = Opened(), Opened()
    line.leg.bridge(other.leg)
    for datagram, addr in datagrams:
        line.leg.datagram_received(datagram, addr)
    line.leg.datagram_received(b"\x80\x08" + bytes(10) + b"a" * 160, SIGNALLED)
    counters = line.leg.counters()
    assert counters.packets_in >= 1 or counters.duplicates
