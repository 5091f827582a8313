"""Messages between our processes arrive whole and in order, however the stream is cut; others are refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vocabulary.audio_frame import StreamAudio, StreamClosed, StreamMessage, StreamOpened
from vocabulary.framing import FrameReader, FrameRefused, frame

pytestmark = pytest.mark.unit
MESSAGES = st.one_of(
    st.builds(StreamOpened, st.text(max_size=8)),
    st.builds(StreamAudio, st.text(max_size=8), st.integers(0, 2**40), st.binary(max_size=160)),
    st.builds(StreamClosed, st.text(max_size=8)),
)


@given(st.lists(MESSAGES, max_size=6), st.integers(1, 50))
def test_messages_arrive_whole_and_in_order(sent: list[StreamMessage], piece_bytes: int) -> None:
    stream = b"".join(frame(message) for message in sent)
    reader: FrameReader[StreamMessage] = FrameReader(StreamMessage)
    pieces = (stream[at : at + piece_bytes] for at in range(0, len(stream), piece_bytes))
    assert [message for piece in pieces for message in reader.feed(piece)] == sent


def test_a_frame_longer_than_allowed_is_refused_before_it_is_read() -> None:
    with pytest.raises(FrameRefused):
        FrameReader(StreamMessage).feed(b"\xff\xff\xff\xff")


def test_another_type_is_refused() -> None:
    with pytest.raises(FrameRefused):
        FrameReader(StreamClosed).feed(frame(StreamOpened("a")))


@given(st.binary(max_size=64))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    with contextlib.suppress(FrameRefused):
        FrameReader(StreamMessage).feed(data)
