"""Calls: how many, how fast, at what cost, and how punctually their packets come.

``--mode bridge``: INVITE → greeting → queue → reservation → registered seat, recorded, call record written.
``--mode ivr``: INVITE → a prompt that plays for ever. ``--cps``: greeting answered, BYE after 200 ms, record written.
The last line is one JSON object (docs/performance.md names its keys).
"""

import argparse
import json
import signal
import sys
from pathlib import Path
from typing import Any

from benchmarks.against_pyvoip import measure
from benchmarks.calls_checks import Failures, check_recordings, check_records
from benchmarks.calls_run import Load, Session, run_load
from benchmarks.figures import percentile
from benchmarks.server_process import ROOT, ServerDied

PACKETS_PER_S = 50
STARVED_BELOW = 0.99
"""Of the packets that a caller should have sent in the window; fewer, and the generator could not keep its pace."""
OTHERS_CORES = 0.35
"""Cores that others may take before a run says little about us."""


def main() -> int:
    """Run one measurement."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server is ended too
    try:
        result = _set_up_rate(options) if options.cps else _held_calls(options)
    except ServerDied as died:
        print(died, file=sys.stderr)
        return 1
    print(json.dumps(result), flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.calls", description=__doc__)
    parser.add_argument("--mode", choices=("ivr", "bridge"), default="bridge")
    parser.add_argument("--calls", type=int, default=20, help="calls held at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the window, or of the run with --cps")
    parser.add_argument("--cps", type=float, default=0.0, help="calls set up a second, instead of held calls")
    parser.add_argument("--rate", type=float, default=10.0, help="calls placed a second while held calls are set up")
    parser.add_argument("--capacity", type=int, default=0, help="set the server's capacity and place 10 calls more")
    parser.add_argument("--against", choices=("pyvoip",), help="measure that softphone as an IVR, for comparison")
    parser.add_argument("--server", type=Path, default=ROOT / "server.py", help=argparse.SUPPRESS)
    return parser.parse_args()


def _held_calls(options: argparse.Namespace) -> dict[str, Any]:
    load = Load(
        mode=options.mode,
        calls=options.calls,
        seconds=options.seconds,
        rate=options.rate,
        capacity=options.capacity,
        server=options.server,
    )
    with Session(load) as session:
        outcome = run_load(session)
        failures = Failures()
        check_records(session.server, outcome.callers["calls"][: options.calls], failures)
        recorded = check_recordings(session.server, options.calls, failures) if options.mode == "bridge" else None
    callers = outcome.callers["calls"][: options.calls]
    failures.count_calls(callers, bridged=options.mode == "bridge")
    cores = outcome.cores()
    share = 100 / max(1, options.calls)
    result = {
        "valid": _valid(outcome, callers, options.seconds),
        "mode": options.mode,
        "calls": options.calls,
        "seconds": options.seconds,
        "failures": failures.total,
        "failed_because": failures.reasons,
        "recordings_checked": recorded,
        "idle_cpu_percent": round(outcome.idle_cores * 100, 2),
        "cpu_percent_per_call": round((sum(cores.values()) - outcome.idle_cores) * share, 4),
        "media_cpu_percent_per_call": round(
            (cores.get("media", 0.0) - outcome.idle_by_role.get("media", 0.0)) * share, 4
        ),
        "cpu_percent_by_role": {role: round(used * 100, 2) for role, used in cores.items()},
        "gap_p50_ms": outcome.callers["gap_p50_ms"],
        "gap_p99_ms": outcome.callers["gap_p99_ms"],
        "gap_max_ms": outcome.callers["gap_max_ms"],
        "rss_mb_per_call": round((outcome.up.pss_mb - outcome.before.pss_mb) / max(1, options.calls), 3),
        "setup_p95_ms": outcome.callers["setup_p95_ms"],
        "invite_to_seat_p50_ms": None,
        "answer_to_audio_p95_ms": percentile(
            sorted(each["to_audio_ms"] for each in callers if each.get("to_audio_ms") is not None), 95
        ),
        "refused_p95_ms": outcome.refused_p95_ms,
        "refused": outcome.refused,
        "loop_stall_p99_ms": outcome.loop_stall.get("p99"),
        "loop_stall_max_ms": outcome.loop_stall.get("max"),
        "generator_late_p99_ms": outcome.callers["late_p99_ms"],
        "others_cores": round(outcome.others_cores, 2),
        "ready_s": round(outcome.ready_s, 1),
    }
    if outcome.seats is not None:
        result.update(_seat_delays(callers, outcome.seats["calls"]))
    if options.against:
        result.update(measure(options.calls, options.seconds))
    return result


def _seat_delays(callers: list[dict[str, Any]], seats: list[dict[str, Any]]) -> dict[str, float | None]:
    """Last greeting packet at the caller → INVITE at the seat; seat's answer → its audio at the caller (工号播报 is
    said between)."""
    by_number = {call["number"]: call for call in callers}
    to_seat, to_audio = [], []
    for seat in seats:
        caller = by_number.get(seat["caller"])
        if caller is None or seat["answered_at_s"] is None:
            continue
        greeting = [at_s for at_s in caller["voiced_at_s"] if at_s <= seat["invited_at_s"]]
        if greeting:
            to_seat.append((seat["invited_at_s"] - greeting[-1]) * 1000)
        if caller["heard_other_at_s"] is not None:
            to_audio.append((caller["heard_other_at_s"] - seat["answered_at_s"]) * 1000)
    return {
        "invite_to_seat_p50_ms": percentile(sorted(to_seat), 50),
        "seat_answer_to_caller_p95_ms": percentile(sorted(to_audio), 95),
    }


def _set_up_rate(options: argparse.Namespace) -> dict[str, Any]:
    load = Load(
        mode="cps", calls=int(options.cps * options.seconds), seconds=options.seconds, rate=options.cps,
        capacity=0, server=options.server,
    )  # fmt: skip
    with Session(load) as session:
        outcome = run_load(session)
        failures = Failures()
        callers = outcome.callers["calls"]
        check_records(session.server, callers, failures)
    failures.count_calls(callers, bridged=False, audio=False)
    server_s = outcome.up.by_role.get("server", 0.0) - outcome.before.by_role.get("server", 0.0)
    idle_s = outcome.idle_by_role.get("server", 0.0) * outcome.window_s
    attempted = len(callers)
    rate = attempted / outcome.placed_within_s if outcome.placed_within_s else 0.0
    return {
        "valid": rate >= options.cps * 0.98 and outcome.others_cores <= OTHERS_CORES,
        "cps": options.cps,
        "cps_reached": round(rate, 2),
        "attempted": attempted,
        "failures": failures.total,
        "failed_because": failures.reasons,
        "cpu_ms_per_call": round((server_s - idle_s) * 1000 / max(1, attempted), 3),
        "setup_p95_ms": outcome.callers["setup_p95_ms"],
        "setup_p50_ms": outcome.callers["setup_p50_ms"],
        "refused": sum(call["status"] == 503 for call in callers),
        "loop_stall_p99_ms": outcome.loop_stall.get("p99"),
        "loop_stall_max_ms": outcome.loop_stall.get("max"),
        "others_cores": round(outcome.others_cores, 2),
        "generator_late_p99_ms": outcome.callers["late_p99_ms"],
    }


def _valid(outcome: Any, callers: list[dict[str, Any]], seconds: float) -> bool:
    up = [call for call in callers if call["status"] == 200]
    due = PACKETS_PER_S * seconds * STARVED_BELOW
    return bool(up) and all(call["sent_in_window"] >= due for call in up) and outcome.others_cores <= OTHERS_CORES


if __name__ == "__main__":
    sys.exit(main())
