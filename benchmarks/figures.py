"""Figures of a run: percentiles, and what the machine and our processes spent."""

import math
import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def wall_s() -> float:
    """The clock that the kernel stamps packets with."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def percentile(ordered: Sequence[float], percent: float) -> float | None:
    """The nearest-rank percentile of ascending numbers, to 3 decimals; None of none."""
    if not ordered:
        return None
    return round(ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)], 3)


def children_of(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            text = task.read_text()
        except OSError:
            continue
        for child in text.split():
            found += children_of(int(child))
    return found


def cpu_s(pid: int) -> float:
    """User and system time of a process so far; 0 if it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / _TICKS


def pss_mb(pid: int) -> float:
    """Proportional share of memory, in megabytes; 0 if it cannot be read."""
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    except OSError:
        pass
    return 0.0


def machine_busy_s() -> float:
    """Processor time of everything on this machine since boot, idle and waiting left out."""
    fields = [int(field) for field in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds and memory of a program at one moment.

    Attributes:
        by_role: CPU seconds by role ("server", "media", …).
        pss_mb: of all together.
        machine_s: of everything on the machine.
    """

    by_role: dict[str, float]
    pss_mb: float
    machine_s: float

    @property
    def total_s(self) -> float:
        """Of all our processes."""
        return sum(self.by_role.values())


def usage(roles: dict[int, str], *, memory: bool = True) -> Usage:
    """What the processes have spent so far.

    Args:
        roles: process id → role.
        memory: reading it costs the kernel milliseconds; False leaves it out.
    """
    by_role: dict[str, float] = {}
    for pid, role in roles.items():
        by_role[role] = by_role.get(role, 0.0) + cpu_s(pid)
    return Usage(by_role, sum(pss_mb(pid) for pid in roles) if memory else 0.0, machine_busy_s())
