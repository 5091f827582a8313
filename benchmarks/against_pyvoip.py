"""The same callers against pyVoIP 1.6.8 as an IVR, on the same machine: keys that begin with ``other_``."""

import secrets
import socket
import subprocess
import sys
import threading
import time
from typing import Any

from benchmarks.calls_run import GeneratorProcess, show
from benchmarks.figures import cpu_s, pss_mb
from benchmarks.server_process import ROOT, free_port
from benchmarks.sip_text import parse, response

RTP_PORTS = (47000, 48999)


class Registrar:
    """What stands between the callers and pyVoIP, which sends everything, responses too, to its registrar.

    Args:
        phone_port: where pyVoIP listens.
    """

    def __init__(self, phone_port: int) -> None:
        self._phone = ("127.0.0.1", phone_port)
        self._callers: tuple[str, int] | None = None
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                data, source = self._socket.recvfrom(8192)
            except OSError:
                return
            if source != self._phone:
                self._callers = source
                self._socket.sendto(data, self._phone)
            elif data.startswith(b"REGISTER"):
                self._register(data)
            elif self._callers is not None:
                self._socket.sendto(data, self._callers)

    def _register(self, data: bytes) -> None:
        """Accept whoever has seen a challenge: pyVoIP does not start without one."""
        request = parse(data)
        if request is None:
            return
        if request.one("authorization"):
            self._socket.sendto(response(request, "200 OK", tag="r", contact=request.contact), self._phone)
            return
        challenge = f'Digest realm="bench", nonce="{secrets.token_hex(8)}", algorithm=MD5'
        lines = response(request, "401 Unauthorized", tag="r").decode()
        lines = lines.replace("Content-Length", f"WWW-Authenticate: {challenge}\r\nContent-Length")
        self._socket.sendto(lines.encode(), self._phone)

    def close(self) -> None:
        self._socket.close()


def measure(calls: int, seconds: float) -> dict[str, Any]:
    """Hold so many calls for so long, and give pyVoIP's figures."""
    port = free_port()
    registrar = Registrar(port)
    arguments = [str(port), str(registrar.port), *(str(each) for each in RTP_PORTS)]
    phone = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.pyvoip_ivr", *arguments],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT,
    )  # fmt: skip
    callers: GeneratorProcess | None = None
    try:
        assert phone.stdout
        phone.stdout.readline()
        show(f"pyVoIP at port {port}")
        memory = pss_mb(phone.pid)
        order = {"role": "callers", "dialled": "ivr", "calls": calls, "rate": 5, "until": "audio", "pcmu": True}
        callers = GeneratorProcess({"server": ["127.0.0.1", registrar.port], "answer_within_s": 20.0, **order})
        up = callers.wait_for("up", calls / 5 + 60)
        show(f"{calls} calls placed at pyVoIP, {up['failed']} failed")
        time.sleep(2)
        spent, began_s, held = cpu_s(phone.pid), time.monotonic(), pss_mb(phone.pid)
        callers.tell({"do": "window", "seconds": seconds})
        callers.wait_for("window_over", seconds + 60)
        spent, took_s = cpu_s(phone.pid) - spent, time.monotonic() - began_s
        callers.tell({"do": "finish"})
        result = callers.wait_for("result")
    finally:
        if callers:
            callers.end()
        phone.kill()
        phone.wait(5)
        registrar.close()
    heard = [call["in_window"] for call in result["calls"] if call["status"] == 200]
    return {
        "other": "pyVoIP 1.6.8",
        "other_failures": sum(call["status"] != 200 or not call["in_window"] for call in result["calls"]),
        "other_cpu_percent_per_call": round(spent / took_s * 100 / max(1, calls), 4),
        "other_gap_p50_ms": result["gap_p50_ms"],
        "other_gap_p99_ms": result["gap_p99_ms"],
        "other_packets_per_s": round(sum(heard) / max(1, len(heard)) / seconds, 2),
        "other_rss_mb_per_call": round((held - memory) / max(1, calls), 3),
    }
