"""The callers' side of the load: calls placed at a rate, held while the window lasts, and measured."""

import time
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from benchmarks.figures import percentile, wall_s
from benchmarks.generator import Generator
from benchmarks.rtp_line import RtpLine
from benchmarks.sip_text import Dialog, Message, description, response

RESEND_S = (0.5, 1.5, 3.5, 7.5)
GIVE_UP_S = 32.0


class State(Enum):
    """One call."""

    CALLING = "calling"
    ANSWERED = "answered"
    ENDING = "ending"
    ENDED = "ended"
    FAILED = "failed"


@dataclass(eq=False)
class CallerCall:
    """One call of the load; times are monotonic seconds, ``…_at_s`` of the RTP line wall-clock."""

    number: str
    dialog: Dialog
    line: RtpLine
    branch: str
    invited_s: float
    state: State = State.CALLING
    status: int = 0
    heard: bool = False
    answered_s: float | None = None
    answered_at_s: float | None = None
    bye_s: float | None = None
    resent: int = 0
    bye_resent: int = 0
    by_server: bool = False
    ack: bytes = b""
    closed: bool = field(default=False)

    @property
    def to_audio_ms(self) -> float | None:
        """From the 200 as it was read to the first packet of audio as the kernel stamped it; 0 if that came first."""
        first_at_s = self.line.first_at_s
        if self.answered_at_s is None or first_at_s is None:
            return None
        return max(0.0, (first_at_s - self.answered_at_s) * 1000)


class Callers(Generator):
    """Order: ``dialled calls rate``, and either ``hang_up_after_s`` (calls per second mode) or commands later:
    ``window`` (``seconds``) and ``finish``. ``until`` says what makes a call "up": "audio" or "bridge".
    """

    role = "caller"
    far_role = "seat"

    def began(self) -> None:
        """See Generator."""
        self.calls: list[CallerCall] = []
        self.by_id: dict[str, CallerCall] = {}
        self.begun_s = time.monotonic()
        self.hang_up_after_s: float | None = self.order.get("hang_up_after_s")
        self.window_until_s: float | None = None
        self.all_up_told = False
        self.finishing = False
        self.checked_s = 0.0

    def told(self, command: dict[str, Any]) -> None:
        """See Generator."""
        if command["do"] == "window":
            start_s = wall_s()
            for call in self.calls:
                call.line.window = (start_s, start_s + command["seconds"])
            self.window_until_s = time.monotonic() + command["seconds"]
        elif command["do"] == "more":
            self.order["calls"] += command["calls"]
            self.begun_s = time.monotonic() - len(self.calls) / self.order["rate"]
            self.all_up_told = False
        elif command["do"] == "finish":
            self.finishing = True

    def each_ms(self, now_s: float) -> None:
        """See Generator."""
        while len(self.calls) < self.order["calls"] and now_s >= self.begun_s + len(self.calls) / self.order["rate"]:
            self._place(now_s)
        if self.window_until_s is not None and now_s > self.window_until_s:
            self.window_until_s = None
            self.say("window_over")
        if now_s - self.checked_s < 0.01:
            return
        self.checked_s = now_s
        for call in self.calls:
            self._mind(call, now_s)
        placed = len(self.calls) == self.order["calls"]
        if placed and not self.all_up_told and all(self._settled(call) for call in self.calls):
            self.all_up_told = True
            self.say("up", failed=sum(call.state is State.FAILED for call in self.calls))
        over = all(call.state in (State.ENDED, State.FAILED) for call in self.calls)
        if over and placed and (self.finishing or self.hang_up_after_s is not None):
            self.done = True

    def _settled(self, call: CallerCall) -> bool:
        if call.state is State.CALLING:
            return False
        if call.state is not State.ANSWERED or self.hang_up_after_s is not None:
            return True
        line = call.line
        return (line.heard_other_at_s if self.order.get("until") == "bridge" else line.first_at_s) is not None

    def _place(self, now_s: float) -> None:
        index = len(self.calls)
        number = f"139{self.order.get('first_number', 0) + index:08d}"
        call_id = f"{number}-{time.time_ns():x}@bench"
        line = self.open_line()
        host, port = self.server
        dialog = Dialog(
            target=f"sip:{self.order['dialled']}@{host}:{port}",
            me=self.me,
            call_id=call_id,
            from_value=f"<sip:{number}@{self.me}>;tag=c{index:x}{time.time_ns() & 0xFFFFFF:x}",
            to_value=f"<sip:{self.order['dialled']}@{host}>",
        )
        call = CallerCall(number, dialog, line, self.branch(), now_s)
        self.calls.append(call)
        self.by_id[call_id] = call
        self._invite(call)

    def _invite(self, call: CallerCall) -> None:
        codec = (0, "PCMU") if self.order.get("pcmu") else (8, "PCMA")
        body = description(self.host, call.line.port, codec=codec)
        self.send(call.dialog.request("INVITE", call.branch, body=body))

    def _mind(self, call: CallerCall, now_s: float) -> None:
        if call.state is State.CALLING:
            if not call.heard and call.resent < 4 and now_s > call.invited_s + RESEND_S[call.resent]:
                call.resent += 1
                self._invite(call)
            elif now_s > call.invited_s + self.order.get("answer_within_s", GIVE_UP_S):
                self._failed(call, 408)
        elif call.state is State.ANSWERED:
            assert call.answered_s is not None
            due = self.hang_up_after_s is not None and now_s > call.answered_s + self.hang_up_after_s
            if due or self.finishing:
                self._bye(call, now_s)
        elif call.state is State.ENDING:
            assert call.bye_s is not None
            if call.bye_resent < 4 and now_s > call.bye_s + RESEND_S[call.bye_resent]:
                call.bye_resent += 1
                self.send(call.dialog.request("BYE", f"{call.branch}b"))
            elif now_s > call.bye_s + 10:
                self._failed(call, 481)

    def _bye(self, call: CallerCall, now_s: float) -> None:
        call.state = State.ENDING
        call.bye_s = now_s
        call.dialog.cseq = 2
        self.send(call.dialog.request("BYE", f"{call.branch}b"))

    def _failed(self, call: CallerCall, status: int) -> None:
        call.state = State.FAILED
        call.status = status
        self._close(call)

    def _close(self, call: CallerCall) -> None:
        if not call.closed:
            call.closed = True
            self.close_line(call.line)

    def received(self, message: Message, source: tuple[str, int], at_s: float) -> None:
        """See Generator."""
        call = self.by_id.get(message.one("call-id"))
        if call is None:
            return
        if message.status:
            self._answer(call, message)
        elif message.method == "BYE":
            self.send(response(message, "200 OK", tag="c"), source)
            if call.state is State.ANSWERED:
                call.by_server = True
                call.state = State.ENDED
                self._close(call)
        elif message.method == "INVITE":
            body = description(self.host, call.line.port)
            self.send(response(message, "200 OK", tag="c", contact=f"sip:bench@{self.me}", body=body), source)
        elif message.method != "ACK":
            self.send(response(message, "200 OK", tag="c"), source)

    def _answer(self, call: CallerCall, message: Message) -> None:
        call.heard = True
        if message.method == "BYE":
            if message.status >= 200 and call.state is State.ENDING:
                call.state = State.ENDED
                self._close(call)
            return
        if message.method != "INVITE" or message.status < 200:
            if message.rtp:
                call.line.remote = message.rtp
            return
        if message.status < 300:
            if call.state is State.CALLING:
                call.state = State.ANSWERED
                call.status = message.status
                call.answered_s, call.answered_at_s = time.monotonic(), wall_s()
                call.line.remote = message.rtp
                call.dialog.to_value = message.one("to")
                call.dialog.target = message.contact or call.dialog.target
                call.dialog.route_set = list(reversed(message.headers.get("record-route", [])))
                call.ack = call.dialog.request("ACK", f"{call.branch}a", cseq=1)
            self.send(call.ack)
            return
        refused = Dialog(call.dialog.target, self.me, call.dialog.call_id, call.dialog.from_value, message.one("to"))
        self.send(refused.request("ACK", call.branch))
        if call.state is State.CALLING:
            call.answered_s, call.answered_at_s = time.monotonic(), wall_s()
            self._failed(call, message.status)

    def result(self) -> dict[str, Any]:
        """See Generator."""
        gaps = sorted(gap for call in self.calls for gap in call.line.gaps_ms)
        setups = sorted(
            (call.answered_s - call.invited_s) * 1000 for call in self.calls if call.answered_s and call.status == 200
        )
        return {
            "gap_p50_ms": percentile(gaps, 50),
            "gap_p99_ms": percentile(gaps, 99),
            "gap_max_ms": percentile(gaps, 100),
            "setup_p50_ms": percentile(setups, 50),
            "setup_p95_ms": percentile(setups, 95),
            "late_p99_ms": percentile(sorted(self.late_ms), 99),
            "calls": [
                {
                    "number": call.number,
                    "state": call.state.value,
                    "status": call.status,
                    "by_server": call.by_server,
                    "answer_ms": (call.answered_s - call.invited_s) * 1000 if call.answered_s else None,
                    "sent": call.line.sent,
                    "received": call.line.received,
                    "sent_in_window": call.line.sent_in_window,
                    "in_window": call.line.in_window,
                    "lost": call.line.lost,
                    "voiced_at_s": list(call.line.voiced_at_s) if self.order.get("until") == "bridge" else [],
                    "heard_other_at_s": call.line.heard_other_at_s,
                    "to_audio_ms": call.to_audio_ms,
                }
                for call in self.calls
            ],
        }
