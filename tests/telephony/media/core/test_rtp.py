"""RTP packets and streams."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.core.rtp import MARKER, IncomingStream, OutgoingStream, is_rtcp, pack, parse
from telephony.media.errors import RtpMalformed

pytestmark = pytest.mark.unit


def accept(stream: IncomingStream, sequence: int, ssrc: int = 7) -> bool:
    return stream.accept(sequence & 0xFFFF, sequence * 160 & 0xFFFFFFFF, ssrc, sequence * 160)


class TestPackets:
    @given(
        second=st.integers(0, 255),
        sequence=st.integers(0, 0xFFFF),
        timestamp=st.integers(0, 0xFFFFFFFF),
        ssrc=st.integers(0, 0xFFFFFFFF),
        payload=st.binary(max_size=400),
    )
    def test_what_is_packed_is_read_back(
        self, second: int, sequence: int, timestamp: int, ssrc: int, payload: bytes
    ) -> None:
        assert parse(pack(second, sequence, timestamp, ssrc, payload)) == (second, sequence, timestamp, ssrc, payload)

    @given(st.binary(max_size=200))
    def test_any_datagram_is_parsed_or_refused_by_name(self, datagram: bytes) -> None:
        with suppress(RtpMalformed):
            parse(datagram)

    def test_contributing_sources_extension_and_padding_are_stripped(self) -> None:
        head = struct.pack(">BBHII", 0x80 | 0x20 | 0x10 | 2, 8, 1, 2, 3) + b"csrc" * 2
        extension = struct.pack(">HH", 0xBEDE, 1) + b"extn"
        assert parse(head + extension + b"audio" + b"\0\0\3")[4] == b"audio"

    @pytest.mark.parametrize(
        "datagram",
        [
            b"",
            b"\x80" * 11,
            struct.pack(">BBHII", 0x40, 8, 1, 2, 3),
            struct.pack(">BBHII", 0x8F, 8, 1, 2, 3),
            struct.pack(">BBHII", 0x90, 8, 1, 2, 3) + b"\0\0",
            struct.pack(">BBHII", 0x90, 8, 1, 2, 3) + b"\0\0\xff\xff",
            struct.pack(">BBHII", 0xA0, 8, 1, 2, 3) + b"abc\0",
            struct.pack(">BBHII", 0xA0, 8, 1, 2, 3) + b"abc\x09",
        ],
        ids=["empty", "short", "version", "sources", "no extension", "long extension", "padding 0", "long padding"],
    )
    def test_a_broken_packet_is_refused(self, datagram: bytes) -> None:
        with pytest.raises(RtpMalformed):
            parse(datagram)

    def test_rtcp_on_the_rtp_port_is_recognised(self) -> None:
        assert is_rtcp(200) and is_rtcp(204)
        assert not is_rtcp(8) and not is_rtcp(MARKER | 101)


class TestIncomingStream:
    def test_nothing_received_means_nothing_lost(self) -> None:
        assert IncomingStream().lost == 0

    def test_a_gap_counts_as_lost_until_the_late_packet_comes(self) -> None:
        stream = IncomingStream()
        for sequence in (10, 11, 13, 14):
            assert accept(stream, sequence)
        assert (stream.lost, stream.late) == (1, 0)
        assert accept(stream, 12)
        assert (stream.lost, stream.late, stream.sequence, stream.highest) == (0, 1, 12, 14)

    def test_a_packet_that_comes_twice_is_dropped(self) -> None:
        stream = IncomingStream()
        assert accept(stream, 10) and accept(stream, 11)
        assert not accept(stream, 11) and not accept(stream, 10)
        assert (stream.received, stream.duplicates) == (2, 2)

    def test_sequence_and_timestamp_go_on_counting_past_their_fields(self) -> None:
        stream = IncomingStream()
        begin = 0xFFFFFFFF - 150
        for n in range(4):
            stream.accept(0xFFFE + n & 0xFFFF, begin + n * 160 & 0xFFFFFFFF, 7, n * 160)
        assert (stream.sequence, stream.timestamp) == (0xFFFE + 3, begin + 480)
        assert stream.lost == 0

    def test_another_ssrc_or_a_great_jump_begins_a_new_epoch_without_loss(self) -> None:
        stream = IncomingStream()
        accept(stream, 10)
        first = stream.epoch
        accept(stream, 11, ssrc=8)
        second = stream.epoch
        accept(stream, 20000, ssrc=8)
        assert len({first, second, stream.epoch}) == 3
        assert stream.lost == 0

    def test_jitter_is_nought_for_even_arrival_and_grows_with_uneven(self) -> None:
        even, uneven = IncomingStream(), IncomingStream()
        for n in range(50):
            even.accept(n, n * 160, 7, n * 160 + 33)
            uneven.accept(n, n * 160, 7, n * 160 + (80 if n % 2 else 0))
        assert even.jitter_samples == 0
        assert 60 < uneven.jitter_samples <= 80

    def test_a_key_does_not_look_like_jitter(self) -> None:
        stream = IncomingStream()
        accept(stream, 1)
        for n in range(2, 8):
            stream.accept(n, 320, 7, 0, timed=False)
        assert stream.jitter_samples == 0

    @given(st.lists(st.integers(0, 0xFFFF), max_size=60))
    def test_counters_stay_sane_for_any_order(self, sequences: list[int]) -> None:
        stream = IncomingStream()
        taken = sum(accept(stream, sequence) for sequence in sequences)
        assert stream.received == taken
        assert stream.lost >= 0
        assert taken + stream.duplicates == len(sequences)


class TestOutgoingStream:
    @staticmethod
    def fields(packet: bytes | None) -> tuple[int, int]:
        assert packet is not None
        _, sequence, timestamp, ssrc, _ = parse(packet)
        assert ssrc == 99
        return sequence, timestamp

    def test_own_frames_follow_each_other(self) -> None:
        out = OutgoingStream(99, 0xFFFF, 0xFFFFFF00, now_s=0.0)
        heads = [self.fields(out.frame(8, b"", 160, n * 0.02)) for n in range(3)]
        assert heads == [(0xFFFF, 0xFFFFFF00), (0, 0xFFFFFFA0), (1, 0x40)]

    def test_a_forwarded_stream_continues_where_own_frames_ended(self) -> None:
        out, source = OutgoingStream(99, 100, 1000, now_s=0.0), IncomingStream()
        out.frame(8, b"", 160, 0.0)
        heads = []
        for n in range(3):
            source.accept(5000 + n, 70000 + n * 160, 7, 0)
            heads.append(self.fields(out.forward(source, 8, b"", 160, 0.02 + n * 0.02)))
        assert heads == [(101, 1160), (102, 1320), (103, 1480)]
        assert self.fields(out.frame(8, b"", 160, 0.08)) == (104, 1640)

    def test_loss_and_order_of_the_source_stay_visible(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        heads = []
        for n in (10, 11, 14, 12):
            source.accept(n, n * 160, 7, 0)
            heads.append(self.fields(out.forward(source, 8, b"", 160, (n - 10) * 0.02)))
        assert heads == [(0, 0), (1, 160), (4, 640), (2, 320)]

    def test_a_packet_older_than_the_change_of_origin_is_dropped(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        source.accept(10, 1600, 7, 0)
        out.forward(source, 8, b"", 160, 0.0)
        source.accept(9, 1440, 7, 0)
        assert out.forward(source, 8, b"", 160, 0.0) is None

    def test_the_first_packet_of_an_origin_is_marked(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        marked = []
        for n in range(2):
            source.accept(n, n * 160, 7, 0)
            packet = out.forward(source, 8, b"", 160, n * 0.02)
            assert packet
            marked.append(parse(packet)[0])
        assert marked == [MARKER | 8, 8]

    def test_another_ssrc_of_the_source_does_not_show(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        source.accept(10, 1600, 7, 0)
        self.fields(out.forward(source, 8, b"", 160, 0.0))
        source.accept(60000, 0xABCDEF, 8, 0)
        assert self.fields(out.forward(source, 8, b"", 160, 0.02)) == (1, 160)

    def test_a_leaping_timestamp_of_the_source_does_not_show(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        source.accept(10, 1600, 7, 0)
        out.forward(source, 8, b"", 160, 0.0)
        source.accept(11, 9_000_000, 7, 0)
        assert self.fields(out.forward(source, 8, b"", 160, 0.02)) == (1, 160)

    def test_after_a_pause_the_timestamp_is_that_of_the_clock(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        out.frame(8, b"", 160, 0.0)
        source.accept(10, 1600, 7, 0)
        assert self.fields(out.forward(source, 8, b"", 160, 1.0)) == (1, 8000)
        out.skip_to(3.0)
        assert self.fields(out.frame(8, b"", 160, 3.0)) == (2, 24000)

    def test_a_burst_that_silence_already_stood_for_is_cut_to_what_does_not_lengthen_the_delay(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        for n in range(10):  # 200 ms of silence while the network held the packets up
            out.frame(8, b"", 160, n * 0.02)
        passed = []
        for n in range(10):  # and here they all are
            source.accept(n, n * 160, 7, 0)
            passed.append(out.forward(source, 8, b"", 160, 0.2))
        assert [packet is not None for packet in passed] == [True] * 4 + [False] * 6
        heads = []
        for n in range(10, 14):
            source.accept(n, n * 160, 7, 0)
            packet = out.forward(source, 8, b"", 160, 0.2 + (n - 9) * 0.02)
            heads += [self.fields(packet)] if packet else []
        assert [sequence for sequence, _ in heads] == list(range(14, 14 + len(heads)))
        assert [timestamp for _, timestamp in heads] == [2240 + n * 160 for n in range(len(heads))]
        assert len(heads) >= 3

    def test_a_far_clock_that_ran_fast_does_not_mute_the_party_after_a_prompt(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        for n in range(5000):  # 100 s of audio in 99.5 s
            source.accept(n & 0xFFFF, n * 160, 7, 0)
            assert out.forward(source, 8, b"", 160, n * 0.0199)
        for n in range(10):
            out.frame(8, b"", 160, 99.5 + n * 0.02)
        heads = []
        for n in range(5010, 5030):
            source.accept(n, n * 160, 7, 0)
            heads.append(self.fields(out.forward(source, 8, b"", 160, 99.7 + (n - 5010) * 0.02)))
        assert heads == [(5010 + n, (5010 + n) * 160) for n in range(20)]

    def test_packets_of_one_key_share_a_timestamp_and_audio_goes_on_after_it(self) -> None:
        out, source = OutgoingStream(99, 0, 0, now_s=0.0), IncomingStream()
        source.accept(0, 0, 7, 0)
        out.forward(source, 8, b"", 160, 0.0)
        keys = []
        for n in range(1, 4):
            source.accept(n, 160, 7, 0, timed=False)
            keys.append(self.fields(out.forward(source, 101, b"key!", 0, n * 0.02)))
        source.accept(4, 640, 7, 0)
        assert keys == [(1, 160), (2, 160), (3, 160)]
        assert self.fields(out.forward(source, 8, b"", 160, 0.08)) == (4, 640)
