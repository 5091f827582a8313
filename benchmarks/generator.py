"""The load generator, a process of its own: callers or seats over one SIP socket, one RTP socket a leg.

It reads one JSON object from its standard input and writes JSON lines: events while it runs, the result last.
Arrivals are stamped by the kernel, so that a late generator is not counted as the server's jitter; how late it was
itself is part of the result.
"""

import json
import select
import socket
import struct
import sys
import time
from array import array
from typing import Any

from benchmarks.figures import wall_s
from benchmarks.rtp_line import RtpLine
from benchmarks.sip_text import TONE_OF, Message, alaw_tone, parse

SLOTS = 20
"""One millisecond each; every line sends in its own slot of each 20 ms."""
DRAIN_EVERY = 5
"""Rounds of 20 ms between two readings of a line: the kernel keeps the times."""
_TIMESPEC = struct.Struct("@qq")


class Generator:
    """The loop: SIP at once, RTP on its millisecond. Roles subclass it.

    Args:
        order: what to do; see the roles.
    """

    role = ""
    far_role = ""

    def __init__(self, order: dict[str, Any]) -> None:
        self.order = order
        self.host: str = order.get("host", "127.0.0.1")
        self.server: tuple[str, int] = (order["server"][0], order["server"][1])
        self.sip = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sip.setblocking(False)
        self.sip.setsockopt(socket.SOL_SOCKET, 35, 1)
        self.sip.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        self.sip.bind((self.host, order.get("port", 0)))
        self.me = f"{self.host}:{self.sip.getsockname()[1]}"
        self.tone = alaw_tone(TONE_OF[self.role])
        self.far_tone = alaw_tone(TONE_OF[self.far_role])
        self.slots: list[list[RtpLine]] = [[] for _ in range(SLOTS)]
        self.lines = 0
        self.late_ms = array("d")
        self.done = False
        self._branches = 0
        self._commands = sys.stdin.fileno()

    # what roles do

    def began(self) -> None:
        """The loop begins."""

    def received(self, message: Message, source: tuple[str, int], at_s: float) -> None:
        """A SIP message came; ``at_s`` is the kernel's wall-clock time."""

    def each_ms(self, now_s: float) -> None:
        """Called about once a millisecond; ``now_s`` is monotonic."""

    def told(self, command: dict[str, Any]) -> None:
        """A line came on standard input."""

    def result(self) -> dict[str, Any]:
        """The last line."""
        return {}

    # what they use

    def say(self, event: str, **fields: Any) -> None:
        """One line to the parent."""
        print(json.dumps({"event": event, **fields}), flush=True)

    def branch(self) -> str:
        """A fresh Via branch."""
        self._branches += 1
        return f"z9hG4bK{id(self):x}{self._branches:x}"

    def send(self, data: bytes, to: tuple[str, int] | None = None) -> None:
        """One SIP datagram."""
        self.sip.sendto(data, to or self.server)

    def open_line(self) -> RtpLine:
        """A fresh RTP socket in the next slot."""
        line = RtpLine(self.host, self.tone, self.far_tone)
        self.slots[self.lines * 7 % SLOTS].append(line)
        self.lines += 1
        return line

    def close_line(self, line: RtpLine) -> None:
        """Take what is left and close it."""
        line.drain()
        for slot in self.slots:
            if line in slot:
                slot.remove(line)
        line.close()

    def run(self) -> dict[str, Any]:
        """Loop until ``done``."""
        self.began()
        tick = 0
        start_s = time.monotonic()
        while not self.done:
            due_s = start_s + tick * 0.001
            self._serve_until(due_s)
            now_s = time.monotonic()
            if now_s - due_s > 0.2:  # starved: begin the count afresh, the result tells
                start_s, tick = now_s, 0
            self.late_ms.append((now_s - due_s) * 1000)
            at_s = wall_s()
            draining = tick // SLOTS % DRAIN_EVERY == 0
            for line in self.slots[tick % SLOTS]:
                line.send(at_s)
                if draining:
                    line.drain()
            self.each_ms(now_s)
            tick += 1
        return self.result()

    def _serve_until(self, due_s: float) -> None:
        first = True
        while first or time.monotonic() < due_s:
            first = False
            wait_s = max(0.0, due_s - time.monotonic())
            ready, _, _ = select.select([self.sip, self._commands], [], [], wait_s)
            if self.sip in ready:
                self._read_sip()
            if self._commands in ready:
                line = sys.stdin.readline()
                if not line:
                    self.done = True
                    return
                self.told(json.loads(line))

    def _read_sip(self) -> None:
        for _ in range(64):
            try:
                data, ancillary, _, source = self.sip.recvmsg(8192, 64)
            except OSError:
                return
            seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2][:16])
            message = parse(data)
            if message is not None:
                self.received(message, source, seconds + nanoseconds * 1e-9)


def main() -> None:
    """Run the role named in the order on standard input."""
    from benchmarks.callers import Callers
    from benchmarks.seats_side import Seats

    order = json.loads(sys.stdin.readline())
    role: type[Generator] = {"callers": Callers, "seats": Seats}[order["role"]]
    generator = role(order)
    result = generator.run()
    result["cpu_s"] = time.process_time()
    print(json.dumps({"event": "result", **result}), flush=True)


if __name__ == "__main__":
    main()
