"""One run of ``benchmarks.calls``: the server, the generators, and what was spent while the calls lasted."""

import contextlib
import json
import queue
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from benchmarks.figures import Usage, percentile
from benchmarks.server_process import ROOT, ServerDied, ServerProcess, free_port

IDLE_S = 5.0
SETTLE_S = 2.0
QUIET_CORES = 0.1
QUIET_WITHIN_S = 40.0
EXTRA_CALLS = 10
"""Placed on top of the capacity, to see them refused."""
UP_WITHIN_S = 120.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to place; see benchmarks.calls."""

    mode: str
    calls: int
    seconds: float
    rate: float
    capacity: int
    server: Path


@dataclass(slots=True)
class Outcome:
    """What was seen.

    Attributes:
        callers, seats: results of the generators.
        before, up: usage before the first call and at the end of the window (memory at its beginning).
        idle_by_role: cores used at rest, by role.
        window_s: wall seconds between the usages of the window.
        others_cores: cores that neither we nor the generators used.
    """

    ready_s: float
    before: Usage
    up: Usage
    idle_by_role: dict[str, float]
    callers: dict[str, Any]
    seats: dict[str, Any] | None
    window_by_role: dict[str, float]
    window_s: float
    others_cores: float
    placed_within_s: float = 0.0
    refused: int = 0
    refused_p95_ms: float | None = None
    loop_stall: dict[str, float] = field(default_factory=dict)

    @property
    def idle_cores(self) -> float:
        """Of all our processes."""
        return sum(self.idle_by_role.values())

    def cores(self) -> dict[str, float]:
        """Cores used in the window, by role, idle included."""
        return {role: used / self.window_s for role, used in self.window_by_role.items()}


class GeneratorProcess:
    """One ``benchmarks.generator``; a thread reads its events."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.generator"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._said: queue.Queue[dict[str, Any] | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self.tell(order)

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            self._said.put(json.loads(line))
        self._said.put(None)

    @property
    def pid(self) -> int:
        return self._process.pid

    def tell(self, command: dict[str, Any]) -> None:
        """A line to its standard input; one that has ended by itself needs none."""
        assert self._process.stdin
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(command) + "\n")
            self._process.stdin.flush()

    def wait_for(self, event: str, within_s: float = UP_WITHIN_S) -> dict[str, Any]:
        """The next such event; others are shown.

        Raises:
            ServerDied: the generator ended first, or said nothing for so long.
        """
        while True:
            try:
                said = self._said.get(timeout=within_s)
            except queue.Empty:
                raise ServerDied(f"no {event!r} from a generator within {within_s:.0f} s") from None
            if said is None:
                raise ServerDied(f"a generator ended before {event!r}")
            if said["event"] == event:
                return said
            show(f"generator: {said}")

    def end(self) -> None:
        """Kill it if it still runs."""
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait(5)


def show(text: str) -> None:
    """Progress, for people."""
    print(f"  {text}", file=sys.stderr, flush=True)


class Session:
    """A server with its generators, ended whatever happens."""

    def __init__(self, load: Load) -> None:
        self.load = load
        seats = load.calls if load.mode == "bridge" else 0
        self.seats = [(f"bench{n:04d}", f"bench-secret-{n:04d}") for n in range(seats)]
        self.callers_port = free_port()
        self.server = ServerProcess(_settings(load, self.seats, self.callers_port), server=load.server)
        self.generators: list[GeneratorProcess] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for generator in self.generators:
            generator.end()
        self.server.stop()

    def generator(self, order: dict[str, Any]) -> GeneratorProcess:
        """Start one."""
        process = GeneratorProcess({"server": ["127.0.0.1", self.server.sip_port], **order})
        self.generators.append(process)
        return process


def _settings(load: Load, seats: list[tuple[str, str]], callers_port: int) -> dict[str, Any]:
    """The callers are a trunk known by its source port: the seats on the same address are phones."""
    trunk = {"name": "bench", "host": "127.0.0.1", "port": callers_port, "source_ports": [callers_port]}
    return {
        "sip": {
            "capacity_calls": load.capacity or max(200, load.calls * 2 + 50),
            "ban_wrong_passwords": False,
        },
        "trunks": [{**trunk, "capacity_calls": 5000}],
        "media": {"port_low": 30000, "port_high": 45999},
        "seats": {"max_waiting": 10000, "wrap_up_s": 0.0},
        "accounts": [{"username": name, "password": password, "seat": True} for name, password in seats],
        "dial_plan": [{"number": "1000", "action": "prompt"}],
    }


def run_load(session: Session) -> Outcome:
    """Start, place, hold, measure, hang up."""
    load, server = session.load, session.server
    show("starting server.py")
    ready_s = server.wait_until_ready()
    show(f"ready after {ready_s:.1f} s, processes: {sorted(set(server.roles().values()))}")
    seats = _sign_seats_in(session) if load.mode == "bridge" else None
    _until_quiet(server)
    idle = _over(server, IDLE_S)
    before = server.usage()
    show(f"idle: {sum(idle.values()) * 100:.1f} % of a core, {before.pss_mb:.0f} MB")
    began_s = time.monotonic()
    machine_0 = _spent(session)
    callers = session.generator({**_callers_order(load), "port": session.callers_port})
    up = callers.wait_for("up")
    placed_within_s = time.monotonic() - began_s
    show(f"{load.calls} calls placed within {placed_within_s:.1f} s, {up['failed']} failed")
    window_s = placed_within_s
    after: Usage | None = None
    window: dict[str, float] = {}
    if load.mode == "cps":
        time.sleep(0.5)
        after = server.usage(memory=False)
        window_s = time.monotonic() - began_s
        others = (_spent(session) - machine_0) / window_s
    else:
        time.sleep(SETTLE_S)
        after, window, window_s, others = _window(session, callers, seats)
    stall = {key: value for key in ("p99", "max") if (value := _stall(server, key)) is not None}
    refused = _place_too_many(callers, session) if load.capacity else []
    callers.tell({"do": "finish"})
    result = callers.wait_for("result")
    time.sleep(1.0)
    seats_result = None
    if seats is not None:
        seats.tell({"do": "finish"})
        seats_result = seats.wait_for("result")
    if load.capacity:
        refused = [call for call in result["calls"][load.calls :] if call["status"] == 503]
    times = sorted(call["answer_ms"] for call in refused)
    return Outcome(
        ready_s=ready_s,
        before=before,
        up=after,
        idle_by_role=idle,
        callers=result,
        seats=seats_result,
        window_by_role=window,
        window_s=window_s,
        others_cores=max(0.0, others),
        placed_within_s=placed_within_s,
        refused=len(refused),
        refused_p95_ms=percentile(times, 95),
        loop_stall=stall,
    )


def _callers_order(load: Load) -> dict[str, Any]:
    order: dict[str, Any] = {"role": "callers", "calls": load.calls, "rate": load.rate, "answer_within_s": 60.0}
    if load.mode == "cps":
        return {**order, "dialled": "96556", "hang_up_after_s": 0.2}
    if load.mode == "ivr":
        return {**order, "dialled": "1000", "until": "audio"}
    return {**order, "dialled": "96556", "until": "bridge"}


def _sign_seats_in(session: Session) -> GeneratorProcess:
    order = {"role": "seats", "accounts": session.seats, "sign_in": "*11", "ring_s": 0.0}
    seats = session.generator(order)
    ready = seats.wait_for("ready")
    show(f"{len(session.seats)} seats registered and signed in at port {ready['port']}")
    return seats


def _until_quiet(server: ServerProcess) -> None:
    """Wait until the processes have loaded what they load at the start, so that it is not counted to the calls."""
    until_s = time.monotonic() + QUIET_WITHIN_S
    while time.monotonic() < until_s:
        if sum(_over(server, SETTLE_S).values()) < QUIET_CORES:
            return
    show("the processes did not come to rest")


def _over(server: ServerProcess, seconds: float) -> dict[str, float]:
    """Cores used by role over some seconds at rest."""
    first, began_s = server.usage(memory=False), time.monotonic()
    time.sleep(seconds)
    last, took_s = server.usage(memory=False), time.monotonic() - began_s
    return {role: (used - first.by_role.get(role, 0.0)) / took_s for role, used in last.by_role.items()}


def _window(
    session: Session, callers: GeneratorProcess, seats: GeneratorProcess | None
) -> tuple[Usage, dict[str, float], float, float]:
    server = session.server
    held = server.usage()  # memory at the window's beginning
    machine_0, began_s = _spent(session), time.monotonic()
    first = server.usage(memory=False)
    for generator in (callers, *((seats,) if seats else ())):
        generator.tell({"do": "window", "seconds": session.load.seconds})
    callers.wait_for("window_over", session.load.seconds + 60)
    last = server.usage(memory=False)
    window_s = time.monotonic() - began_s
    spent = {role: used - first.by_role.get(role, 0.0) for role, used in last.by_role.items()}
    show(f"window of {window_s:.1f} s over")
    others = (_spent(session) - machine_0) / window_s
    return Usage(last.by_role, held.pss_mb, last.machine_s), spent, window_s, others


def _spent(session: Session) -> float:
    """CPU seconds of the whole machine that are neither the server's nor the generators'."""
    from benchmarks.figures import cpu_s

    usage = session.server.usage(memory=False)
    return usage.machine_s - usage.total_s - sum(cpu_s(generator.pid) for generator in session.generators)


def _place_too_many(callers: GeneratorProcess, session: Session) -> list[dict[str, Any]]:
    free = session.load.capacity - session.load.calls
    callers.tell({"do": "more", "calls": max(0, free) + EXTRA_CALLS})
    callers.wait_for("up")
    return []


def _stall(server: ServerProcess, key: str) -> float | None:
    name = {"p99": 'nuanxian_loop_stall_ms{quantile="0.99"}', "max": "nuanxian_loop_stall_max_ms"}[key]
    return server.metric(name)
