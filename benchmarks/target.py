"""Starts the shipped server as a target for any outside load generator, with a dial plan of its own.

1000 plays a prompt for ever; 2000 rings the static seat 127.0.0.1:5090 before it answers, bridges and records; 2100
the same without recording; 3000 answers and waits; 4000 is the queue with that seat; every other number is refused.
Account 6001 / target-6001 may register two contacts. Calls from 127.0.0.1 are not challenged, and 127.0.0.1 is never
banned. It ends on SIGTERM (or Ctrl-C) and deletes its folder.
"""

import argparse
import json
import signal
import sys
import threading
from pathlib import Path
from typing import Any

from benchmarks.server_process import ROOT, ServerDied, ServerProcess

STATIC_SEAT = "127.0.0.1:5090"


def target_settings() -> dict[str, Any]:
    """The settings that make the server a target."""
    return {
        "sip": {
            "hotline_numbers": ["96556"],
            "capacity_calls": 2000,
            "trusted_without_digest": ["127.0.0.1"],
            "ban_wrong_passwords": False,
            "max_contacts": 2,
        },
        "media": {"port_low": 30000, "port_high": 45999},
        "seats": {"wrap_up_s": 0.0, "break_after_missed": False, "static_seats": [STATIC_SEAT], "max_waiting": 2000},
        "reception": {"greeting": False, "rating": False},
        "accounts": [{"username": "6001", "password": "target-6001"}],
        "dial_plan": [
            {"number": "1000", "action": "prompt"},
            {"number": "2000", "action": "seat", "seat": STATIC_SEAT},
            {"number": "2100", "action": "seat", "seat": STATIC_SEAT, "record": False},
            {"number": "3000", "action": "wait"},
            {"number": "4000", "action": "queue"},
        ],
    }


def main() -> int:
    """Run until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.target", description=__doc__)
    parser.add_argument("--port", type=int, default=5060, help="UDP and TCP port of SIP on 127.0.0.1")
    parser.add_argument("--server", type=Path, default=ROOT / "server.py", help=argparse.SUPPRESS)
    options = parser.parse_args()
    ending = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ending.set())
    server = ServerProcess(target_settings(), sip_port=options.port, server=options.server)
    try:
        seconds = server.wait_until_ready()
        pids = server.roles()
        print(f"ready after {seconds:.1f} s on 127.0.0.1:{options.port} (UDP and TCP)", file=sys.stderr)
        by_role = {role: [pid for pid, each in pids.items() if each == role] for role in sorted(set(pids.values()))}
        print(json.dumps({"port": options.port, "pids": sorted(pids), "roles": by_role}), flush=True)
        while not ending.wait(0.5):
            if server.process.poll() is not None:
                raise ServerDied(f"server.py ended with {server.process.returncode}\n{server.log_end()}")
    except ServerDied as died:
        print(died, file=sys.stderr)
        return 1
    finally:
        server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
