"""When a job is tried again, and when it is given up: pure rules."""

import enum
from dataclasses import dataclass
from typing import assert_never


class JobState(enum.Enum):
    """Where a job stands."""

    PENDING = "pending"
    RUNNING = "running"
    WAITING = "waiting"
    """It will be tried again at its due time; the reason says what it waits for."""
    DONE = "done"
    FAILED = "failed"
    """Given up; a person may order it again."""


@dataclass(frozen=True, slots=True)
class Succeeded:
    """The handler returned."""


@dataclass(frozen=True, slots=True)
class MustWait:
    """The handler said that it cannot work now."""

    reason: str
    again_after_s: float


@dataclass(frozen=True, slots=True)
class Raised:
    """The handler failed."""

    reason: str


Outcome = Succeeded | MustWait | Raised


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How patient the jobs are.

    ``first_pause_s`` doubles with each failure up to ``longest_pause_s``: 5 s, 10 s, ... 10 failures last about
    45 minutes, longer than a restart of anything a job needs. ``starts`` bounds a job whose handler kills its process.
    """

    failures: int = 10
    first_pause_s: float = 5.0
    longest_pause_s: float = 900.0
    starts: int = 20


@dataclass(frozen=True, slots=True)
class JobDecision:
    """What follows from an outcome: the new state, the failures so far, the pause before the next attempt, and why."""

    state: JobState
    failures: int
    pause_s: float
    reason: str


def decide(outcome: Outcome, *, failures: int, rules: RetryRules) -> JobDecision:
    """What follows from one attempt.

    Args:
        outcome: how the attempt ended.
        failures: how many attempts failed before it.
        rules: the patience.
    """
    match outcome:
        case Succeeded():
            return JobDecision(JobState.DONE, failures, 0.0, "")
        case MustWait(reason, again_after_s):  # waiting is no failure, however often
            return JobDecision(JobState.WAITING, failures, max(0.0, again_after_s), reason)
        case Raised(reason) if failures + 1 >= rules.failures:
            return JobDecision(JobState.FAILED, failures + 1, 0.0, f"given up after {failures + 1} failures: {reason}")
        case Raised(reason):
            pause_s = min(rules.first_pause_s * 2.0**failures, rules.longest_pause_s)
            return JobDecision(JobState.WAITING, failures + 1, pause_s, f"failed, tried again: {reason}")
        case _:
            assert_never(outcome)
