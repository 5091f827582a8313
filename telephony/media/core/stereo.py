"""Puts the two directions of a call side by side: left what the party said, right what it was sent."""

from collections.abc import Sequence

from telephony.media.core.g711 import ALAW_SILENCE

Placed = Sequence[tuple[int, bytes]]
"""Packets of A-law with the position of their first sample since the recording began."""


class StereoAssembler:
    """Gathers placed packets and gives them out as interleaved stereo, in order, silence where nothing was placed.

    Attributes:
        taken: samples of each channel given out so far.
        dropped: packets that came for a time already given out.
    """

    def __init__(self) -> None:
        self.taken = 0
        self.dropped = 0
        self._left = bytearray()
        self._right = bytearray()

    def add(self, left: Placed, right: Placed) -> None:
        """Place packets; where two overlap the later one stays."""
        self._place(self._left, left)
        self._place(self._right, right)

    def take(self, until: int) -> bytes:
        """Everything before position ``until`` that was not given out yet, two bytes a sample."""
        samples = until - self.taken
        if samples <= 0:
            return b""
        out = bytearray(2 * samples)
        out[0::2] = self._cut(self._left, samples)
        out[1::2] = self._cut(self._right, samples)
        self.taken = until
        return bytes(out)

    def _place(self, channel: bytearray, packets: Placed) -> None:
        for at, payload in packets:
            begin = at - self.taken
            if begin < 0:
                self.dropped += 1
                continue
            if begin > len(channel):
                channel += bytes((ALAW_SILENCE,)) * (begin - len(channel))
            channel[begin : begin + len(payload)] = payload

    @staticmethod
    def _cut(channel: bytearray, samples: int) -> bytes:
        out = bytes(channel[:samples])
        del channel[:samples]
        return out.ljust(samples, bytes((ALAW_SILENCE,)))
