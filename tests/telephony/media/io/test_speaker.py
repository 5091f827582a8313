"""The sending half of a leg, ticked by hand."""

import itertools
from typing import Any

import pytest

from telephony.media.core.g711 import ALAW_SILENCE, ALAW_TO_ULAW
from telephony.media.core.playout import Playlist
from telephony.media.core.rtp import IncomingStream, parse
from telephony.media.io.speaker import Speaker
from telephony.media.messages import ConfigureLeg, DigitsSent, PlayEnded, SendDigits

pytestmark = pytest.mark.unit


class Wire:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[int, int, int, int, bytes]] = []

    def sendto(self, packet: bytes, to: Any) -> None:
        self.sent.append(parse(packet))


class Party:
    """A speaker whose ticks and clock the test drives."""

    def __init__(self, **agreed: Any) -> None:
        self.now_s = 100.0
        self.wire = Wire()
        self.reports: list[Any] = []
        self.speaker = Speaker("leg", self.now_s, self.reports.append, self.set_ticking)
        self.speaker.transport = self.wire  # type: ignore[assignment]
        self.speaker.destination = ("192.0.2.1", 4000)
        self.configure(**agreed)

    def configure(self, **agreed: Any) -> None:
        command = ConfigureLeg(leg="leg", remote_host="192.0.2.1", remote_port=4000, **agreed)
        self.speaker.configure(command, send=command.send, now_s=self.now_s)

    @staticmethod
    def set_ticking(speaker: Speaker, ticking: bool) -> None:
        speaker.ticking = ticking

    def ticks(self, number: int) -> list[bytes]:
        """The payloads that so many ticks sent."""
        before = len(self.wire.sent)
        for _ in range(number):
            self.now_s += 0.02
            self.speaker.tick(self.now_s)
        return [packet[4] for packet in self.wire.sent[before:]]


class Other:
    """The other leg's stream."""

    def __init__(self) -> None:
        self.stream = IncomingStream()
        self.sequence = 0
        self.timestamp = 0

    def says(self, party: Party, payload: bytes, *, pcmu: bool = False) -> None:
        self.stream.accept(self.sequence, self.timestamp, 5, self.timestamp)
        party.speaker.relay(self.stream, 0, payload, pcmu, party.now_s)
        self.sequence += 1
        self.timestamp += len(payload)


def test_a_tick_without_anything_to_say_sends_silence_in_the_legs_codec() -> None:
    silence = bytes([ALAW_SILENCE]) * 160
    assert Party().ticks(2) == [silence] * 2
    assert Party(codec="pcmu", payload_type=0).ticks(1) == [silence.translate(ALAW_TO_ULAW)]


@pytest.mark.parametrize(("ptime_ms", "sent"), [(10, 12), (20, 6), (30, 4), (40, 3), (60, 2)])
def test_packets_have_the_length_the_peer_asked_for(ptime_ms: int, sent: int) -> None:
    payloads = Party(ptime_ms=ptime_ms).ticks(6)
    assert [len(payload) for payload in payloads] == [ptime_ms * 8] * sent


def test_play_is_reported_one_tick_after_its_last_packet() -> None:
    party = Party()
    party.speaker.play(7, Playlist([b"a" * 300]), "", [])
    party.ticks(2)
    assert party.reports == []
    party.ticks(1)
    assert party.reports == [PlayEnded(leg="leg", play=7, played_s=300 / 8000, finished=True)]


def test_play_goes_on_silently_where_nothing_may_be_sent() -> None:
    party = Party(send=False)
    party.speaker.play(7, Playlist([b"a" * 320]), "", [])
    assert party.ticks(3) == []
    assert [report.finished for report in party.reports] == [True]


def test_the_other_leg_ends_the_ticks_and_its_muteness_begins_them_again() -> None:
    party, other = Party(), Other()
    party.speaker.ticking = True
    other.says(party, b"x" * 160)
    assert not party.speaker.ticking
    party.speaker.fill_in(party.now_s + 0.09)
    assert not party.speaker.ticking
    party.speaker.fill_in(party.now_s + 0.11)
    assert party.speaker.ticking


def test_the_other_leg_is_not_heard_while_a_prompt_plays_or_keys_are_sent() -> None:
    party, other = Party(), Other()
    party.speaker.play(1, Playlist([b"a" * 160]), "", [])
    other.says(party, b"x" * 160)
    assert party.wire.sent == []
    party.ticks(2)
    party.speaker.send_digits(SendDigits("leg", "1"))
    other.says(party, b"x" * 160)
    assert all(packet[4] != b"x" * 160 for packet in party.wire.sent)
    party.ticks(12)
    assert party.reports[-1] == DigitsSent("leg")
    other.says(party, b"x" * 160)
    assert party.wire.sent[-1][4] == b"x" * 160


def test_packets_of_another_length_are_repacked_by_the_ticks() -> None:
    party, other = Party(), Other()
    for n in range(4):
        other.says(party, bytes([n + 1]) * 240)
    assert party.wire.sent == []
    heard = b"".join(party.ticks(6))
    assert heard == b"".join(bytes([n + 1]) * 240 for n in range(4))


def test_keys_without_a_single_valid_character_are_done_at_once() -> None:
    for agreed in ({}, {"event_payload_type_out": None}):
        party = Party(**agreed)
        party.speaker.send_digits(SendDigits("leg", "?"))
        assert party.reports == [DigitsSent("leg")]


def test_a_key_of_the_other_leg_becomes_one_of_ours_where_packets_are_repacked() -> None:
    party, other = Party(), Other()
    other.says(party, b"x" * 240)
    other.stream.accept(9, 240, 5, 0, timed=False)
    party.speaker.relay_event(other.stream, 0, bytes([5, 10, 0, 160]), "5", party.now_s)
    party.ticks(8)
    keys = [packet for packet in party.wire.sent if packet[0] & 0x7F == 101]
    assert {packet[4][0] for packet in keys} == {5}
    assert len({packet[2] for packet in keys}) == 1


def test_a_reconfigured_leg_keeps_its_ssrc_and_its_timestamps_go_on() -> None:
    party = Party()
    party.ticks(3)
    party.configure(codec="pcmu", payload_type=0)
    party.ticks(2)
    assert [packet[0] for packet in party.wire.sent] == [8, 8, 8, 0, 0]
    stamps = [packet[2] for packet in party.wire.sent]
    assert [(after - before) & 0xFFFFFFFF for before, after in itertools.pairwise(stamps)] == [160] * 4
    assert len({packet[3] for packet in party.wire.sent}) == 1
