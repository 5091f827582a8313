import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.framing import StreamFramer
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

ONE = request().encode()
TWO = request("BYE", number=2, to_tag="t").encode()


@given(st.lists(st.integers(1, 400), max_size=40))
def test_messages_come_out_whole_however_the_stream_is_cut(cuts: list[int]) -> None:
    framer = StreamFramer()
    stream = b"\r\n\r\n" + ONE + TWO + b"\r\n\r\n" + ONE
    heard: list[bytes] = []
    at = 0
    for cut in [*cuts, len(stream)]:
        heard += framer.feed(stream[at : at + cut])
        at += cut
    assert heard == [ONE, TWO, ONE]
    assert framer.pings == 2
    assert not framer.partial


def test_half_a_keep_alive_is_no_message_under_way() -> None:
    framer = StreamFramer()
    framer.feed(b"\r\n")
    assert not framer.partial
    framer.feed(b"O")
    assert framer.partial


def test_a_message_without_length_has_no_body() -> None:
    head = b"OPTIONS sip:x SIP/2.0\r\nA: b\r\n\r\n"
    assert StreamFramer().feed(head + head) == [head, head]


def test_the_compact_length_counts_too() -> None:
    message = b"OPTIONS sip:x SIP/2.0\r\nl : 2\r\n\r\nab"
    assert StreamFramer().feed(message + b"OPT") == [message]


@pytest.mark.parametrize(
    "stream",
    [
        b"A: b\r\nContent-Length: x\r\n\r\n",
        b"OPTIONS\r\nContent-Length: x\r\n\r\n",
        b"OPTIONS\r\nContent-Length: 9999999\r\n\r\n",
        b"OPTIONS\r\nContent-Length: 70000\r\n\r\n",
        b"x" * 20_000,
        b"OPTIONS\r\n" + b"A: b\r\n" * 4000 + b"\r\n",
    ],
)
def test_a_stream_that_cannot_be_cut_is_given_up(stream: bytes) -> None:
    with pytest.raises(MessageMalformed):
        StreamFramer().feed(stream)
