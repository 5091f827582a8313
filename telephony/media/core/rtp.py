"""RTP packets (RFC 3550 §5.1) and the accounting of one received stream (§A.1, §A.3, §A.8)."""

import itertools
import struct

from telephony.media.errors import RtpMalformed

HEADER_BYTES = 12
_HEADER = struct.Struct(">BBHII")
_PLAIN = 0x80  # version 2, no padding, no extension, no contributing source
_WORD = struct.Struct(">HH")
MARKER = 0x80
"""In the second byte, beside the payload type."""
_RTCP_TYPES = range(64, 96)  # RFC 5761 §4: the second byte, marker removed, of an RTCP packet

_epochs = itertools.count(1)


def parse(datagram: bytes) -> tuple[int, int, int, int, bytes]:
    """Take one datagram apart.

    Returns:
        Second byte (marker and payload type), sequence number, timestamp, SSRC, payload. A tuple, since this runs
        a hundred times a second for each call.
    Raises:
        RtpMalformed: shorter than its header says, another version, impossible padding, or RTCP.
    """
    if len(datagram) < HEADER_BYTES:
        raise RtpMalformed(f"{len(datagram)} bytes")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(datagram)
    if first == _PLAIN:
        return second, sequence, timestamp, ssrc, datagram[HEADER_BYTES:]
    return second, sequence, timestamp, ssrc, _payload(datagram, first, second)


def _payload(datagram: bytes, first: int, second: int) -> bytes:
    """The payload behind contributing sources and extension, before padding."""
    if first >> 6 != 2:
        raise RtpMalformed(f"version {first >> 6}")
    begin, end = HEADER_BYTES + 4 * (first & 0x0F), len(datagram)
    if first & 0x10:
        if begin + 4 > end:
            raise RtpMalformed("extension cut off")
        begin += 4 + 4 * _WORD.unpack_from(datagram, begin)[1]
    if first & 0x20:
        if not 1 <= datagram[-1] <= end - HEADER_BYTES:
            raise RtpMalformed(f"padding of {datagram[-1]} bytes")
        end -= datagram[-1]
    if begin > end:
        raise RtpMalformed(f"header of {begin} bytes in a packet of {end}")
    return datagram[begin:end]


def is_rtcp(second: int) -> bool:
    """Whether a packet's second byte marks RTCP that came to the RTP port (RFC 5761 §4)."""
    return (second & 0x7F) in _RTCP_TYPES


def pack(second: int, sequence: int, timestamp: int, ssrc: int, payload: bytes) -> bytes:
    """Put one packet together; sequence and timestamp may be unbounded counts and are cut to their fields."""
    return _HEADER.pack(_PLAIN, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc) + payload


class IncomingStream:
    """Accounts for the packets of one source and gives them unbounded sequence numbers and timestamps.

    Attributes:
        epoch: changes whenever the source starts anew (another SSRC, or a jump of the sequence), so that whoever
            keeps offsets into the stream knows they are void. Never 0, unique among streams of the process.
        sequence, timestamp: unbounded, of the packet accepted last.
        highest: unbounded, highest sequence number of this epoch.
    """

    __slots__ = (
        *("epoch", "sequence", "timestamp", "highest", "received", "late", "duplicates"),
        *("_ssrc", "_base", "_expected_before", "_seen", "_transit", "_jitter"),
    )
    _JUMP_FORWARD = 3000  # RFC 3550 §A.1, MAX_DROPOUT
    _JUMP_BACK = 64
    _SEEN = (1 << _JUMP_BACK) - 1

    def __init__(self) -> None:
        self.epoch = 0
        self.sequence = 0
        self.timestamp = 0
        self.highest = 0
        self.received = 0
        self.late = 0
        self.duplicates = 0
        self._ssrc = -1
        self._base = 0
        self._expected_before = 0
        self._seen = 0  # bit n: highest - n was received
        self._transit = 0
        self._jitter = 0.0

    def accept(self, sequence: int, timestamp: int, ssrc: int, now_samples: int, *, timed: bool = True) -> bool:
        """Account for one packet; False for one that came before and is to be dropped.

        Args:
            now_samples: time of arrival in timestamp units, on any steady clock.
            timed: False for a telephone-event, whose timestamp stands still and would look like jitter.
        """
        ahead = (sequence - self.highest) & 0xFFFF
        if ssrc != self._ssrc or self._JUMP_FORWARD < ahead <= 0x10000 - self._JUMP_BACK:
            self._begin(sequence, timestamp, ssrc, now_samples)
            return True
        if 0 < ahead < 0x8000:
            self.highest += ahead
            self._seen = (self._seen << ahead | 1) & self._SEEN
            self.sequence = self.highest
        else:
            behind = (0x10000 - ahead) & 0xFFFF
            if self._seen >> behind & 1:
                self.duplicates += 1
                return False
            self._seen |= 1 << behind
            self.late += 1
            self.sequence = self.highest - behind
        self.timestamp += ((timestamp - self.timestamp + 0x80000000) & 0xFFFFFFFF) - 0x80000000
        self.received += 1
        if not timed:
            return True
        transit = now_samples - self.timestamp
        self._jitter += (abs(transit - self._transit) - self._jitter) * 0.0625
        self._transit = transit
        return True

    @property
    def lost(self) -> int:
        """Packets that never came, late ones not counted; over all epochs."""
        if not self.epoch:
            return 0
        return max(0, self._expected_before + self.highest - self._base + 1 - self.received)

    @property
    def jitter_samples(self) -> float:
        """Interarrival jitter, RFC 3550 §A.8."""
        return self._jitter

    def _begin(self, sequence: int, timestamp: int, ssrc: int, now_samples: int) -> None:
        if self.epoch:
            self._expected_before += self.highest - self._base + 1
        self.epoch = next(_epochs)
        self._ssrc = ssrc
        self._base = self.highest = self.sequence = sequence
        self.timestamp = timestamp
        self._transit = now_samples - timestamp
        self._seen = 1
        self.received += 1


class OutgoingStream:
    """Heads for all that one leg sends: one SSRC and an unbroken timestamp for the leg's whole life.

    Frames of ours follow each other; packets of another leg keep their own spacing, losses and order, moved by an
    offset that is taken anew whenever the origin changes. Counts are unbounded; ``pack`` cuts them to size.

    Args:
        ssrc, sequence, timestamp: where to begin; random in life (RFC 3550 §5.1).
        now_s: the moment at which ``timestamp`` is right, on a steady clock.
    """

    __slots__ = (
        *("ssrc", "next_sequence", "next_timestamp", "timestamp"),
        *("_epoch", "_sequence_offset", "_timestamp_offset", "_first_sequence", "_began_s", "_began_timestamp"),
        "_settling",
    )
    _SLIP = 480  # 60 ms: how far the timestamp may trail the clock before it is moved up, or lead it after a change
    _SETTLING = 50  # packets (1 s) after a change of origin in which a burst is recognised
    _JUMP = 8000  # 1 s: a forwarded timestamp that leaves its place by more is anchored anew

    def __init__(self, ssrc: int, sequence: int, timestamp: int, now_s: float) -> None:
        self.ssrc = ssrc
        self.next_sequence = sequence
        self.next_timestamp = timestamp
        self.timestamp = timestamp
        self._epoch = 0
        self._sequence_offset = 0
        self._timestamp_offset = 0
        self._first_sequence = 0
        self._settling = 0
        self._began_s = now_s
        self._began_timestamp = timestamp

    def frame(self, second: int, payload: bytes, samples: int, now_s: float) -> bytes:
        """Head one frame of ours; ``timestamp`` tells where it was placed.

        Args:
            second: marker and payload type.
            samples: by which the timestamp moves on.
            now_s: when it is sent.
        """
        if self._epoch:
            self._epoch = 0
            self._catch_up(now_s)
        timestamp = self.timestamp = self.next_timestamp
        sequence = self.next_sequence
        self.next_sequence = sequence + 1
        self.next_timestamp = timestamp + samples
        return _HEADER.pack(_PLAIN, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self.ssrc) + payload

    def event(self, second: int, payload: bytes, timestamp: int) -> bytes:
        """Head one telephone-event packet of ours; the timestamp is its event's begin (RFC 4733 §2.2)."""
        self._epoch = 0
        sequence = self.next_sequence
        self.next_sequence = sequence + 1
        return pack(second, sequence, timestamp, self.ssrc, payload)

    def forward(self, source: IncomingStream, second: int, payload: bytes, samples: int, now_s: float) -> bytes | None:
        """Head the packet that ``source`` accepted last; None if it is to be dropped.

        That is so for a packet older than what this leg sent since, and for those of a burst that was held up in the
        network while this leg sent silence in its place: passed on, they would lengthen the delay for good.

        Args:
            samples: audio in it; 0 for a telephone-event.
        """
        timestamp = source.timestamp + self._timestamp_offset
        if source.epoch != self._epoch or not -self._JUMP < timestamp - self.next_timestamp < self._JUMP:
            self._anchor(source, now_s)
            timestamp = self.next_timestamp
            second |= MARKER if samples else 0
        elif source.sequence < self._first_sequence:
            return None
        elif self._settling:
            self._settling -= 1
            if timestamp - self._clock(now_s) > self._SLIP:
                self._leave_out(source, samples)
                return None
        sequence = source.sequence + self._sequence_offset
        if sequence >= self.next_sequence:
            self.next_sequence = sequence + 1
            self.next_timestamp = timestamp + samples
        self.timestamp = timestamp
        return _HEADER.pack(_PLAIN, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, self.ssrc) + payload

    def skip_to(self, now_s: float) -> None:
        """Move the timestamp up to the clock, after a time in which nothing was sent."""
        self._catch_up(now_s)

    def _anchor(self, source: IncomingStream, now_s: float) -> None:
        """Continue with ``source`` from here; a lead over the clock is the drift of an earlier origin, and stays."""
        self._catch_up(now_s)
        if self.next_timestamp > self._clock(now_s):
            self._began_s, self._began_timestamp = now_s, self.next_timestamp
        self._epoch = source.epoch
        self._first_sequence = source.sequence
        self._sequence_offset = self.next_sequence - source.sequence
        self._timestamp_offset = self.next_timestamp - source.timestamp
        self._settling = self._SETTLING

    def _leave_out(self, source: IncomingStream, samples: int) -> None:
        """Close the gap that a dropped packet would leave."""
        self._sequence_offset -= 1
        self._timestamp_offset -= samples
        self._first_sequence = source.sequence + 1

    def _clock(self, now_s: float) -> int:
        """The timestamp that is right by the clock."""
        return self._began_timestamp + int((now_s - self._began_s) * 8000)

    def _catch_up(self, now_s: float) -> None:
        """Move a timestamp that trails the clock."""
        clock = self._clock(now_s)
        if clock - self.next_timestamp > self._SLIP:
            self.next_timestamp = clock
