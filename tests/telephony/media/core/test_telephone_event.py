"""RFC 4733 keys."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.core.telephone_event import EVENTS, DigitReceiver, DigitSender, EventReport, parse_event
from telephony.media.errors import EventMalformed

pytestmark = pytest.mark.unit


def packet(key: str, samples: int, *, end: bool = False) -> bytes:
    return bytes([EVENTS.index(key), 0x8A if end else 0x0A]) + samples.to_bytes(2, "big")


def test_the_example_of_rfc_4733_section_5_reads_as_it_says() -> None:
    assert parse_event(bytes([9, 7 | 0x80]) + (1600).to_bytes(2, "big")) == EventReport(9, True, 1600)


@given(st.integers(0, 0xFFFFFFFF), st.binary(max_size=12))
def test_any_payload_is_read_or_refused_by_name(timestamp: int, payload: bytes) -> None:
    with suppress(EventMalformed):
        DigitReceiver().accept(timestamp, payload)


def test_a_key_is_named_once_at_its_first_packet_and_not_again_at_its_end() -> None:
    receiver = DigitReceiver()
    packets = [packet("5", n * 160) for n in range(1, 6)] + [packet("5", 800, end=True)] * 3
    assert [receiver.accept(1000, payload) for payload in packets] == ["5"] + [None] * 7


def test_a_key_of_which_only_the_last_end_packet_arrives_is_named() -> None:
    assert DigitReceiver().accept(1000, packet("#", 800, end=True)) == "#"


def test_the_same_key_twice_is_named_twice() -> None:
    receiver = DigitReceiver()
    assert [receiver.accept(at, packet("1", 800, end=True)) for at in (1000, 3000)] == ["1", "1"]


def test_a_late_end_packet_of_the_key_before_is_not_a_new_key() -> None:
    receiver = DigitReceiver()
    heard = [receiver.accept(at, packet(key, 800)) for at, key in ((1000, "1"), (3000, "2"), (1000, "1"))]
    assert heard == ["1", "2", None]


def test_timestamps_may_wrap_between_two_keys() -> None:
    receiver = DigitReceiver()
    assert [receiver.accept(at, packet("7", 160)) for at in (0xFFFFFFF0, 900)] == ["7", "7"]


def test_a_new_stream_is_heard_whatever_its_timestamps() -> None:
    receiver = DigitReceiver()
    assert receiver.accept(5000, packet("1", 160), epoch=1) == "1"
    assert receiver.accept(4000, packet("2", 160), epoch=2) == "2"


def test_flash_and_fax_tones_are_no_keys() -> None:
    assert DigitReceiver().accept(1, bytes([16, 10, 0, 160])) is None


class TestSending:
    def test_a_key_is_held_and_its_end_sent_three_times(self) -> None:
        sender = DigitSender("4", digit_samples=480, gap_samples=640)
        steps = []
        while not sender.finished:
            steps.append(sender.step(160))
        assert [step and (step.begins, parse_event(step.payload)) for step in steps] == [
            (True, EventReport(4, False, 160)),
            (False, EventReport(4, False, 320)),
            (False, EventReport(4, True, 480)),
            (False, EventReport(4, True, 480)),
            (False, EventReport(4, True, 480)),
            None,
            None,
        ]

    @given(
        st.text("0123456789*#ABCD", max_size=8),
        st.integers(160, 4000),
        st.integers(0, 1600),
        st.sampled_from([80, 160, 240, 480]),
    )
    def test_what_is_sent_is_what_a_receiver_names(self, digits: str, held: int, gap: int, packet_samples: int) -> None:
        sender, receiver = DigitSender(digits, held, gap), DigitReceiver()
        heard, now, began = "", 0, 0
        while not sender.finished:
            step = sender.step(packet_samples)
            if step:
                began = now if step.begins else began
                heard += receiver.accept(began, step.payload) or ""
            now += packet_samples
        assert heard == digits

    def test_characters_that_are_no_keys_are_skipped(self) -> None:
        assert DigitSender("p, ", 800, 640).finished
        sender = DigitSender("a", 160, 0)
        step = sender.step(160)
        assert step and parse_event(step.payload).event == EVENTS.index("A")

    def test_keys_may_be_added_while_others_are_sent(self) -> None:
        sender = DigitSender("1", 160, 0)
        sender.step(160)
        sender.add("2")
        events = {parse_event(step.payload).event for _ in range(6) if (step := sender.step(160))}
        assert events == {1, 2}
        assert sender.step(160) is None
