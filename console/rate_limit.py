"""A token bucket for each source; the table is bounded and forgets those who have been quiet."""

from collections import OrderedDict


class RateLimit:
    """Says how long a source has to wait.

    Args:
        per_second: sustained requests of one source.
        burst: requests at once.
        sources: how many are remembered; the one quiet for longest is forgotten first.
    """

    def __init__(self, *, per_second: float, burst: int, sources: int = 10_000) -> None:
        self._per_second = per_second
        self._burst = burst
        self._sources = sources
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait_s(self, source: str, now_s: float) -> float:
        """Take one token: 0 when the request may go on, else seconds until it may."""
        left, since_s = self._buckets.pop(source, (float(self._burst), now_s))
        left = min(self._burst, left + (now_s - since_s) * self._per_second)
        wait = 0.0 if left >= 1 else (1 - left) / self._per_second
        self._buckets[source] = (left - 1 if left >= 1 else left, now_s)
        while len(self._buckets) > self._sources:
            self._buckets.popitem(last=False)
        return wait
