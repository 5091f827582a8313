"""Reliable provisional responses (RFC 3262): numbered by RSeq, re-sent until their PRACK, acknowledged in order."""

from dataclasses import dataclass

from telephony.sip.core.actions import StartTimer, StopTimer
from telephony.sip.core.errors import MessageMalformed
from telephony.sip.core.message import Message, Request, Response
from telephony.sip.core.timers import SipTimers, Timer

_HIGHEST = 2**32 - 1


def wants_reliable(invite: Request, *, offered: bool) -> bool:
    """Whether our provisional responses go out reliably (RFC 3262 §3).

    Args:
        offered: whether we do so for a peer that only supports it.
    """
    return "100rel" in invite.tokens("Require") or (offered and "100rel" in invite.tokens("Supported"))


def read_rseq(response: Response) -> int | None:
    """The number of a reliable provisional response; None if it is an ordinary one."""
    value = response.get("RSeq")
    if value is None or "100rel" not in response.tokens("Require"):
        return None
    value = value.strip()
    number = int(value) if value.isascii() and value.isdigit() and len(value) <= 10 else 0
    return number if 1 <= number <= _HIGHEST else None


def read_rack(prack: Message) -> tuple[int, int, str]:
    """RSeq, CSeq number and method that a PRACK acknowledges.

    Raises:
        MessageMalformed: RAck is missing or is not two numbers and a method.
    """
    parts = (prack.get("RAck") or "").split()
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) <= 10 for part in parts[:2]):
        raise MessageMalformed("RAck is not two numbers and a method")
    return int(parts[0]), int(parts[1]), parts[2]


@dataclass(eq=False, slots=True)
class _Unacknowledged:
    response: Response
    interval_s: float


class ReliableSender:
    """The callee's side of one INVITE: at most one response waits for its PRACK at a time.

    Args:
        first: the first RSeq, chosen at random below 2³¹ (RFC 3262 §3).
        timers: lengths.

    Attributes:
        waiting: the response that no PRACK has acknowledged yet.
        described: whether one of them carried a description; no later response repeats it (RFC 6337 §3.1.1).
    """

    def __init__(self, first: int, timers: SipTimers) -> None:
        self._number = first
        self._timers = timers
        self._waiting: _Unacknowledged | None = None
        self.described = False

    @property
    def waiting(self) -> Response | None:
        """See the class."""
        return self._waiting.response if self._waiting is not None else None

    @property
    def settled(self) -> bool:
        """Whether a description went out and was acknowledged."""
        return self.described and (self._waiting is None or not self._waiting.response.body)

    def headers(self) -> list[tuple[str, str]]:
        """Of the next reliable response."""
        self._number = self._number % _HIGHEST + 1
        return [("Require", "100rel"), ("RSeq", str(self._number))]

    def sent(self, response: Response) -> list[StartTimer | StopTimer]:
        """The response with those headers goes out: the timers that watch over it."""
        self._waiting = _Unacknowledged(response, self._timers.t1_s)
        self.described = self.described or bool(response.body)
        return [
            StartTimer(Timer.RELIABLE_RESEND, self._timers.t1_s),
            StartTimer(Timer.RELIABLE_GIVE_UP, self._timers.give_up_s),
        ]

    def resend(self) -> Response | None:
        """The response again, and twice the time until the next; None if its PRACK has come."""
        if self._waiting is None:
            return None
        self._waiting.interval_s *= 2
        return self._waiting.response

    @property
    def interval_s(self) -> float:
        """Seconds until the next repetition."""
        return self._waiting.interval_s if self._waiting is not None else 0.0

    def acknowledged(self, prack: Request, invite: Request) -> bool:
        """Take a PRACK; False if it acknowledges nothing that waits (481).

        Raises:
            MessageMalformed: see read_rack.
        """
        rack = read_rack(prack)
        if self._waiting is None or rack != (self._number, invite.cseq.number, "INVITE"):
            return False
        self._waiting = None
        return True


def stop_resending() -> list[StartTimer | StopTimer]:
    """A PRACK or a final response ends the repetitions."""
    return [StopTimer(Timer.RELIABLE_RESEND), StopTimer(Timer.RELIABLE_GIVE_UP)]


class ReliableReceiver:
    """The caller's side of one fork: takes each response once, and only in order (RFC 3262 §4)."""

    def __init__(self) -> None:
        self._last: int | None = None

    def takes(self, number: int) -> bool:
        """Whether to acknowledge this one; False for a repetition and for one that came too early."""
        if self._last is not None and number != self._last + 1:
            return False
        self._last = number
        return True
