"""SMPP units survive the way to bytes and back, and broken bytes are refused by name."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.errors import PduMalformed
from sms.smpp.pdu import Command, Pdu, PduReader, ShortMessage, bind_body, c_string_of

pytestmark = pytest.mark.unit


def test_an_enquire_link_is_the_sixteen_bytes_of_the_standard() -> None:
    assert Pdu(Command.ENQUIRE_LINK, 0, 1).encode() == bytes.fromhex("00000010 00000015 00000000 00000001")


def test_a_bind_names_version_3_4() -> None:
    assert bind_body("nuanxian", "secret") == b"nuanxian\0secret\0\0\x34\0\0\0"


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), st.sampled_from([0, 4]))
def test_a_short_message_reads_back_as_it_was_written(words: str, esm_class: int) -> None:
    message = ShortMessage("1069009655612", "8613800000001", words.encode("utf-16-be")[:254], esm_class)
    assert ShortMessage.decode(message.encode()) == message


@given(st.lists(st.binary(max_size=40), max_size=6), st.integers(1, 7))
def test_units_are_found_however_the_stream_is_cut(bodies: list[bytes], piece_bytes: int) -> None:
    units = [Pdu(Command.DELIVER_SM, 0, number, body) for number, body in enumerate(bodies, 1)]
    stream = b"".join(unit.encode() for unit in units)
    reader = PduReader()
    found = [unit for at in range(0, len(stream), piece_bytes) for unit in reader.feed(stream[at : at + piece_bytes])]
    assert found == units


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    with suppress(PduMalformed):
        PduReader().feed(data)
    with suppress(PduMalformed):
        _ = ShortMessage.decode(data).words
    with suppress(PduMalformed):
        c_string_of(data)


def test_an_impossible_length_is_refused() -> None:
    with pytest.raises(PduMalformed):
        PduReader().feed(b"\xff\xff\xff\xff" + b"\0" * 12)
