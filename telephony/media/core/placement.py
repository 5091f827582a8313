"""Where in a recording a packet belongs."""

_SLIP = 1600  # 200 ms: a timestamp that has moved so far from the clock is tied to it anew


class Placement:
    """Positions of one direction's packets in the recording, by RTP timestamp, so that jitter moves nothing and
    loss leaves its gap; a clock that drifts or a stream that begins anew is tied to the time of arrival again.

    Positions are samples since the recording began.
    """

    __slots__ = ("_end", "_offset")

    def __init__(self) -> None:
        self._offset: int | None = None
        self._end = 0

    def place(self, timestamp: int, samples: int, now: int) -> int:
        """Position of a packet's first sample.

        Args:
            timestamp: unbounded.
            samples: in the packet.
            now: position at which it arrived or was sent.
        """
        if self._offset is not None:
            at = timestamp + self._offset
            if -_SLIP < at - now < _SLIP:
                if at + samples > self._end:
                    self._end = at + samples
                return at
        at = max(now, self._end if self._end - now < _SLIP else now)
        self._offset = at - timestamp
        self._end = at + samples
        return at
