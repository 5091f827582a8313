"""How well callers were served: the formulas of domain spec §7, each a pure function over finished waits."""

from collections.abc import Iterable
from dataclasses import dataclass

IN_TIME_S = 15.0
"""15 s 应答率 (domain spec §7)."""
SHORT_ABANDON_S = 5.0
"""Callers who hang up within 5 s did not ask for a person (接通率, domain spec §7)."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One caller who asked for a person.

    Attributes:
        waited_s: from joining the queue to the answer or the hang-up.
        answered: by a person; a bot's answer does not count.
    """

    waited_s: float
    answered: bool


@dataclass(frozen=True, slots=True)
class ServiceLevel:
    """Counts and the three rates; a rate is None when nobody is in its denominator.

    Attributes:
        connect_rate: 接通率 = answered / (asked - abandoned within 5 s).
        sl: answered within 15 s / answered.
        sl2: (answered within 15 s + abandoned within 15 s) / (answered + abandoned).
    """

    asked: int
    answered: int
    abandoned: int
    connect_rate: float | None
    sl: float | None
    sl2: float | None


def service_level(waits: Iterable[Wait], *, in_time_s: float = IN_TIME_S) -> ServiceLevel:
    """Reckon the rates over finished waits (domain spec §7)."""
    given = list(waits)
    answered = [wait for wait in given if wait.answered]
    abandoned = [wait for wait in given if not wait.answered]
    short = sum(wait.waited_s <= SHORT_ABANDON_S for wait in abandoned)
    answered_in_time = sum(wait.waited_s <= in_time_s for wait in answered)
    abandoned_in_time = sum(wait.waited_s <= in_time_s for wait in abandoned)
    return ServiceLevel(
        asked=len(given),
        answered=len(answered),
        abandoned=len(abandoned),
        connect_rate=_rate(len(answered), len(given) - short),
        sl=_rate(answered_in_time, len(answered)),
        sl2=_rate(answered_in_time + abandoned_in_time, len(given)),
    )


def _rate(part: int, whole: int) -> float | None:
    return part / whole if whole else None
