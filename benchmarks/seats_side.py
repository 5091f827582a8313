"""The seats' side of the load: phones that register, sign in by a code, ring and answer."""

import time
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import percentile, wall_s
from benchmarks.generator import Generator
from benchmarks.rtp_line import RtpLine
from benchmarks.sip_text import Dialog, Message, description, digest, response

TRY_AGAIN_S = 3.0


@dataclass(eq=False)
class Phone:
    """One account and what it is doing about signing in."""

    username: str
    password: str
    step: str = "register"
    dialog: Dialog | None = None
    tries: int = 0
    due_s: float = 0.0


@dataclass(eq=False)
class SeatCall:
    """One call that rang at a seat."""

    invite: Message
    source: tuple[str, int]
    line: RtpLine
    invited_at_s: float
    answer_due_s: float
    caller: str
    answered_at_s: float | None = None
    acked: bool = False
    ended: bool = False
    resent_s: float = 0.0
    answer: bytes = b""
    tag: str = field(default="")


class Seats(Generator):
    """Order: ``accounts`` ([name, password] each), ``ring_s``, ``sign_in`` (a code to dial, or null)."""

    role = "seat"
    far_role = "caller"

    def began(self) -> None:
        """See Generator."""
        self.phones = {name: Phone(name, password) for name, password in self.order.get("accounts", [])}
        self.calls: dict[str, SeatCall] = {}
        self.signed_in = 0
        self.told_ready = False
        self.checked_s = 0.0
        self.waiting = list(self.phones.values())
        if not self.phones:
            self._ready()

    def _ready(self) -> None:
        self.told_ready = True
        self.say("ready", port=self.sip.getsockname()[1])

    def told(self, command: dict[str, Any]) -> None:
        """See Generator."""
        if command["do"] == "window":
            start_s = wall_s()
            for call in self.calls.values():
                call.line.window = (start_s, start_s + command["seconds"])
        elif command["do"] == "finish":
            self.done = True

    def each_ms(self, now_s: float) -> None:
        """See Generator."""
        if now_s - self.checked_s < 0.005:
            return
        self.checked_s = now_s
        if self.waiting:  # a few at a time, as phones after a power cut would not be so kind
            phone = self.waiting.pop()
            phone.due_s = now_s + TRY_AGAIN_S
            self._register(phone)
        elif not self.told_ready:
            self._try_again(now_s)
        for call in self.calls.values():
            if call.answered_at_s is None and not call.ended and now_s >= call.answer_due_s:
                self._answer(call, now_s)
            elif call.answered_at_s is not None and not call.acked and not call.ended and now_s - call.resent_s > 0.5:
                call.resent_s = now_s
                self.send(call.answer, call.source)

    def _try_again(self, now_s: float) -> None:
        """Phones that heard nothing for a while begin their step afresh."""
        for phone in self.phones.values():
            if phone.step != "in" and now_s > phone.due_s:
                phone.due_s = now_s + TRY_AGAIN_S
                phone.tries = 0
                if phone.step == "register":
                    self._register(phone)
                else:
                    phone.step = "register"
                    self._sign_in(phone)

    # ------------------------------------------------------- registering

    def _register(self, phone: Phone, authorization: str = "") -> None:
        host, port = self.server
        phone.tries += 1
        if phone.dialog is None:
            phone.dialog = Dialog(
                target=f"sip:{host}:{port}",
                me=self.me,
                call_id=f"reg-{phone.username}-{time.time_ns():x}@bench",
                from_value=f"<sip:{phone.username}@{host}>;tag=r{phone.username}",
                to_value=f"<sip:{phone.username}@{host}>",
                cseq=0,
            )
        phone.dialog.cseq += 1
        extra = "Expires: 3600\r\n" + (f"Authorization: {authorization}\r\n" if authorization else "")
        self.send(phone.dialog.request("REGISTER", self.branch(), extra=extra))

    def _sign_in(self, phone: Phone, authorization: str = "") -> None:
        host, port = self.server
        if phone.step == "register":
            phone.step = "sign in"
            phone.tries = 0
            phone.dialog = Dialog(
                target=f"sip:{self.order['sign_in']}@{host}:{port}",
                me=self.me,
                call_id=f"in-{phone.username}-{time.time_ns():x}@bench",
                from_value=f"<sip:{phone.username}@{host}>;tag=i{phone.username}",
                to_value=f"<sip:{self.order['sign_in']}@{host}>",
                cseq=0,
            )
        assert phone.dialog
        phone.tries += 1
        phone.dialog.cseq += 1
        extra = f"Authorization: {authorization}\r\n" if authorization else ""
        line = self.open_line()
        self.send(phone.dialog.request("INVITE", self.branch(), body=description(self.host, line.port), extra=extra))

    def _in(self, phone: Phone) -> None:
        if phone.step != "in":
            phone.step = "in"
            self.signed_in += 1
            if self.signed_in == len(self.phones) and not self.told_ready:
                self._ready()

    # ----------------------------------------------------------- messages

    def received(self, message: Message, source: tuple[str, int], at_s: float) -> None:
        """See Generator."""
        if message.status:
            self._response(message)
        elif message.method == "INVITE":
            self._invited(message, source, at_s)
        else:
            self._request(message, source)

    def _response(self, message: Message) -> None:
        username = message.one("from").split("sip:", 1)[1].split("@", 1)[0]
        phone = self.phones.get(username)
        if phone is None or phone.dialog is None or phone.dialog.call_id != message.one("call-id"):
            return
        inviting = message.method == "INVITE"
        if message.status == 401 and phone.tries < 4:
            if inviting:
                self._ack(phone, message)
            answer = digest(
                message.one("www-authenticate"),
                username=username,
                password=phone.password,
                method=message.method,
                uri=phone.dialog.target,
            )
            (self._sign_in if inviting else self._register)(phone, answer)
        elif message.status >= 300:
            if inviting:
                self._ack(phone, message)
            self.say("refused", account=username, status=message.status, method=message.method)
        elif message.status >= 200 and not inviting:
            if self.order.get("sign_in"):
                self._sign_in(phone)
            else:
                self._in(phone)
        elif message.status >= 200:
            phone.dialog.to_value = message.one("to")
            cseq = int(message.one("cseq").split()[0])
            target, phone.dialog.target = phone.dialog.target, message.contact
            self.send(phone.dialog.request("ACK", self.branch(), cseq=cseq))
            phone.dialog.target = target
            self._in(phone)

    def _ack(self, phone: Phone, message: Message) -> None:
        assert phone.dialog
        cseq, via = int(message.one("cseq").split()[0]), message.one("via")
        branch = via.split("branch=", 1)[1].split(";")[0]
        old, phone.dialog.to_value = phone.dialog.to_value, message.one("to")
        self.send(phone.dialog.request("ACK", branch, cseq=cseq))
        phone.dialog.to_value = old

    def _invited(self, message: Message, source: tuple[str, int], at_s: float) -> None:
        call = self.calls.get(message.one("call-id"))
        if call is not None:
            if "tag=" in message.one("to"):  # a re-INVITE
                if message.rtp:
                    call.line.remote = message.rtp
                body = description(self.host, call.line.port)
                self.send(response(message, "200 OK", tag=call.tag, contact=f"sip:seat@{self.me}", body=body), source)
            return
        line = self.open_line()
        caller = message.one("from").split("sip:", 1)[1].split("@", 1)[0]
        due_s = time.monotonic() + self.order.get("ring_s", 0.0)
        call = SeatCall(message, source, line, at_s, due_s, caller, tag=f"s{len(self.calls):x}")
        self.calls[message.one("call-id")] = call
        self.send(response(message, "180 Ringing", tag=call.tag, contact=f"sip:seat@{self.me}"), source)

    def _answer(self, call: SeatCall, now_s: float) -> None:
        call.answered_at_s = wall_s()
        call.resent_s = now_s
        call.line.remote = call.invite.rtp
        body = description(self.host, call.line.port)
        call.answer = response(call.invite, "200 OK", tag=call.tag, contact=f"sip:seat@{self.me}", body=body)
        self.send(call.answer, call.source)

    def _request(self, message: Message, source: tuple[str, int]) -> None:
        call = self.calls.get(message.one("call-id"))
        if message.method == "ACK":
            if call is not None:
                call.acked = True
            return
        self.send(response(message, "200 OK", tag=call.tag if call else "s"), source)
        if message.method == "CANCEL" and call is not None and call.answered_at_s is None:
            call.ended = True
            self.send(response(call.invite, "487 Request Terminated", tag=call.tag), source)
            self.close_line(call.line)
        elif message.method == "BYE" and call is not None and not call.ended:
            call.ended = True
            self.close_line(call.line)

    def result(self) -> dict[str, Any]:
        """See Generator."""
        gaps = sorted(gap for call in self.calls.values() for gap in call.line.gaps_ms)
        return {
            "signed_in": self.signed_in,
            "gap_p99_ms": percentile(gaps, 99),
            "late_p99_ms": percentile(sorted(self.late_ms), 99),
            "calls": [
                {
                    "caller": call.caller,
                    "invited_at_s": call.invited_at_s,
                    "answered_at_s": call.answered_at_s,
                    "sent_in_window": call.line.sent_in_window,
                    "in_window": call.line.in_window,
                    "lost": call.line.lost,
                    "heard_caller": call.line.heard_other_at_s is not None,
                }
                for call in self.calls.values()
            ],
        }
