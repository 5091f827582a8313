"""A small adaptive jitter buffer for audio that must leave in even steps: heard by a machine, or repacketised.

A bridge between like legs has no need of it: each packet is passed on at once and the phone's own buffer evens it out.
"""

from telephony.media.core.g711 import ALAW_SILENCE

_DEPTH_MIN = 160  # 20 ms
_DEPTH_MAX = 1280  # 160 ms: beyond, a conversation suffers more from delay than from a gap (ITU-T G.114)
_SPAN_MAX = 3200  # 400 ms held: the far clock runs fast or a burst came; the oldest is let go
_FAR = 16000  # 2 s: a timestamp so far off is another stream
_CALM_TAKES = 500  # takes without a late packet (10 s at 20 ms) before the depth shrinks


class JitterBuffer:
    """Packets in by timestamp, in any order; equal steps out, silence where nothing came.

    The depth starts at one packet, grows by one packet time with each late packet and shrinks in calm.
    Audio is A-law.

    Attributes:
        late: packets that came after their turn.
        depth: samples gathered before playing starts, after a silence or at the begin.
    """

    def __init__(self) -> None:
        self.late = 0
        self.depth = _DEPTH_MIN
        self._packets: dict[int, bytes] = {}
        self._next: int | None = None  # timestamp to be taken next; None while gathering
        self._taken_to: int | None = None  # where the last run ended
        self._waited = 0  # samples of silence taken while gathering
        self._calm = 0

    def put(self, timestamp: int, payload: bytes) -> None:
        """Keep one packet.

        Args:
            timestamp: unbounded, of its first sample.
        """
        reference = self._next if self._next is not None else self._taken_to
        if reference is not None:
            if abs(timestamp - reference) > _FAR:
                self._restart()
            elif timestamp + len(payload) <= reference:
                self.late += 1
                self._calm = 0
                self.depth = min(self.depth + len(payload), _DEPTH_MAX)
                return
        self._packets[timestamp] = payload
        if len(self._packets) > 1:
            self._let_go()

    def take(self, samples: int) -> bytes | None:
        """The next ``samples`` bytes; None for silence in which nothing is due (gathering, or the far side is mute).

        A hole inside is filled with A-law silence.
        """
        if self._next is None and not self._ready(samples):
            return None
        assert self._next is not None
        begin, end = self._next, self._next + samples
        piece = self._packets.get(begin)
        if piece is not None and len(piece) == samples:
            del self._packets[begin]
            out = piece
        else:
            out = self._assemble(begin, end)
        self._next = end
        if not self._packets:
            self._taken_to, self._next = end, None
        self._grow_calm()
        return out

    def _ready(self, samples: int) -> bool:
        if not self._packets:
            return False
        first = min(self._packets)
        span = max(at + len(payload) for at, payload in self._packets.items()) - first
        if span < self.depth and self._waited < self.depth:
            self._waited += samples
            return False
        self._waited = 0
        self._next = first
        return True

    def _assemble(self, begin: int, end: int) -> bytes:
        out = bytearray([ALAW_SILENCE]) * (end - begin)
        for at in sorted(self._packets):
            if at >= end:
                break
            payload = self._packets.pop(at)
            low, high = max(at, begin), min(at + len(payload), end)
            if low < high:
                out[low - begin : high - begin] = payload[low - at : high - at]
            if at + len(payload) > end:
                self._packets[end] = payload[end - at :]
        return bytes(out)

    def _let_go(self) -> None:
        """Keep the delay bounded: drop the oldest of a buffer that holds too much."""
        newest = max(at + len(payload) for at, payload in self._packets.items())
        while newest - min(self._packets) > _SPAN_MAX:
            oldest = min(self._packets)
            del self._packets[oldest]
            if self._next is not None:
                self._next = max(self._next, min(self._packets, default=newest))

    def _grow_calm(self) -> None:
        self._calm += 1
        if self._calm >= _CALM_TAKES and self.depth > _DEPTH_MIN:
            self._calm = 0
            self.depth -= _DEPTH_MIN

    def _restart(self) -> None:
        self._packets.clear()
        self._next = self._taken_to = None
        self._waited = 0
