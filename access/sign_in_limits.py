"""How fast passwords may be tried: pure, and so that nobody can lock somebody else out.

Failures fill buckets that leak; a full bucket makes the next attempt wait until one failure has leaked out. There are
three kinds: each name at each *trusted* place; each name from all *untrusted* places together; each source address. A
place is trusted for a name if the browser shows the mark it got at an earlier sign-in, or if the name signed in from
this address before. A trusted place only ever waits for its own failures (OWASP, "device cookies").
"""

from collections import OrderedDict
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BucketRules:
    """``failures`` at once, then one each ``refill_s``."""

    failures: int
    refill_s: float


@dataclass(frozen=True, slots=True)
class SignInRules:
    """The three kinds of buckets.

    A name attacked from 1,000 addresses gives 10 + 120 guesses a day against 98-bit or 10-character passwords.
    """

    trusted: BucketRules = BucketRules(5, 30)
    name: BucketRules = BucketRules(10, 720)
    source: BucketRules = BucketRules(30, 60)


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to sign in.

    Attributes:
        name: as ``user_name`` gives it.
        source: the address it came from.
        device: the valid mark of an earlier sign-in of this name; None without one.
    """

    name: str
    source: str
    device: str | None = None


class SignInLimiter:
    """Counts failures in one process. Owns no clock: seconds are monotonic ones, handed in.

    Args:
        rules: sizes of the buckets.
        entries: bound of each table; the least recently used are forgotten first.
    """

    def __init__(self, rules: SignInRules | None = None, *, entries: int = 50_000) -> None:
        self._rules = rules or SignInRules()
        self._entries = entries
        self._buckets: OrderedDict[tuple[str, ...], tuple[float, float]] = OrderedDict()
        self._known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def wait_s(self, attempt: Attempt, now_s: float) -> float:
        """How long this attempt must wait; 0 if it may go on."""
        return max(
            max(0.0, self._level(key, rules, now_s) + 1 - rules.failures) * rules.refill_s
            for key, rules in self._buckets_of(attempt)
        )

    def charge(self, attempt: Attempt, now_s: float) -> None:
        """Count the attempt as a failure; before its password is looked at, so that many at once are counted."""
        for key, rules in self._buckets_of(attempt):
            self._buckets[key] = (min(self._level(key, rules, now_s) + 1, float(rules.failures)), now_s)
            self._buckets.move_to_end(key)
        while len(self._buckets) > self._entries:
            self._buckets.popitem(last=False)

    def succeeded(self, attempt: Attempt, now_s: float) -> None:
        """It was no failure after all: take its charge back, and trust this place for this name from now on."""
        for key, rules in self._buckets_of(attempt):
            self._buckets[key] = (max(0.0, self._level(key, rules, now_s) - 1), now_s)
        self._known[attempt.name, attempt.source] = None
        self._known.move_to_end((attempt.name, attempt.source))
        while len(self._known) > self._entries:
            self._known.popitem(last=False)

    def _buckets_of(self, attempt: Attempt) -> list[tuple[tuple[str, ...], BucketRules]]:
        if attempt.device is not None:
            return [(("device", attempt.name, attempt.device), self._rules.trusted)]
        if (attempt.name, attempt.source) in self._known:
            return [(("known", attempt.name, attempt.source), self._rules.trusted)]
        return [(("name", attempt.name), self._rules.name), (("source", attempt.source), self._rules.source)]

    def _level(self, key: tuple[str, ...], rules: BucketRules, now_s: float) -> float:
        level, at_s = self._buckets.get(key, (0.0, now_s))
        return max(0.0, level - (now_s - at_s) / rules.refill_s)
