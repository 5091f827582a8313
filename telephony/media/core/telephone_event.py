"""Keys as RTP: telephone-event (RFC 4733 §2), received and sent."""

import struct
from dataclasses import dataclass

from telephony.media.errors import EventMalformed

EVENTS = "0123456789*#ABCD"
"""The key of each event code 0 to 15 (RFC 4733 §3.2)."""
_PAYLOAD = struct.Struct(">BBH")
_END = 0x80
_VOLUME = 10  # -10 dBm0, in the range RFC 4733 §2.3.3 names
_END_PACKETS = 3  # RFC 4733 §2.5.1.4: the last packet goes out three times
_HALF = 0x80000000


@dataclass(frozen=True, slots=True)
class EventReport:
    """One telephone-event payload.

    Attributes:
        event: code; 0 to 15 are keys.
        end: the key was released.
        samples: how long it was held so far, in timestamp units.
    """

    event: int
    end: bool
    samples: int


def parse_event(payload: bytes) -> EventReport:
    """Read one payload; of several packed events only the first is read.

    Raises:
        EventMalformed: shorter than four bytes.
    """
    if len(payload) < _PAYLOAD.size:
        raise EventMalformed(f"{len(payload)} bytes")
    event, flags, samples = _PAYLOAD.unpack_from(payload)
    return EventReport(event, bool(flags & _END), samples)


class DigitReceiver:
    """Names each pressed key once, at the first of its packets that arrives.

    All packets of one key carry the timestamp of its begin (RFC 4733 §2.5.1.2), so that timestamp tells a new key
    from a repetition; packets of an older key are repetitions too.
    """

    __slots__ = ("_began", "_epoch")

    def __init__(self) -> None:
        self._began: int | None = None
        self._epoch = 0

    def accept(self, timestamp: int, payload: bytes, epoch: int = 0) -> str | None:
        """The key if this packet is the first of it, else None; codes above 15 (flash, fax tones) are None.

        Args:
            timestamp: of the RTP packet, 32 bits.
            epoch: of its stream; after a change the old timestamps mean nothing.
        Raises:
            EventMalformed: see parse_event.
        """
        report = parse_event(payload)
        if self._began is not None and epoch == self._epoch:
            ahead = (timestamp - self._began) & 0xFFFFFFFF
            if ahead == 0 or ahead >= _HALF:
                return None
        self._began = timestamp
        self._epoch = epoch
        return EVENTS[report.event] if report.event < len(EVENTS) else None


@dataclass(frozen=True, slots=True)
class EventPacket:
    """What to send in place of one packet of audio.

    Attributes:
        begins: the packet's timestamp is a new event's begin; later packets repeat that timestamp.
    """

    payload: bytes
    begins: bool


class DigitSender:
    """Plays keys as event packets, one step for each packet time.

    Args:
        digits: keys; characters that are none are skipped.
        digit_samples, gap_samples: held, and silence after it; the gap also carries the end's repetitions.
    """

    def __init__(self, digits: str, digit_samples: int, gap_samples: int) -> None:
        self._waiting = [EVENTS.index(key) for key in digits.upper() if key in EVENTS]
        self._digit_samples = min(digit_samples, 0xFFFF)
        self._gap_samples = gap_samples
        self._event: int | None = None
        self._held = 0
        self._ends_left = 0
        self._gap_left = 0

    def add(self, digits: str) -> None:
        """Append keys to those still waiting."""
        self._waiting += [EVENTS.index(key) for key in digits.upper() if key in EVENTS]

    @property
    def finished(self) -> bool:
        """Whether all has been sent, the last gap included."""
        return not self._waiting and self._event is None and self._gap_left <= 0

    def step(self, packet_samples: int) -> EventPacket | None:
        """What to send now; None for a packet of silence. Ask only while not ``finished``."""
        if self._event is None:
            if self._gap_left > 0:
                self._gap_left -= packet_samples
                return None
            if not self._waiting:
                return None
            self._event = self._waiting.pop(0)
            self._held = 0
            self._ends_left = _END_PACKETS
        begins = self._held == 0
        if self._held < self._digit_samples:
            self._held = min(self._held + packet_samples, self._digit_samples)
        ended = self._held >= self._digit_samples
        packet = EventPacket(_PAYLOAD.pack(self._event, _VOLUME | (_END if ended else 0), self._held), begins)
        if ended:
            self._ends_left -= 1
            if self._ends_left == 0:
                self._event = None
                self._gap_left = self._gap_samples - (_END_PACKETS - 1) * packet_samples
        return packet
