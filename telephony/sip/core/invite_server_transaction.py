"""The server's side of one INVITE."""

from enum import Enum

from telephony.sip.core.actions import Action, Deliver, Failed, Failure, Finished, Send, StartTimer, StopTimer
from telephony.sip.core.message import Request, Response
from telephony.sip.core.timers import SipTimers, Timer


class State(Enum):
    """RFC 3261 figure 7 with RFC 6026 §7.1."""

    PROCEEDING = "proceeding"
    COMPLETED = "completed"  # a refusal waits for its ACK
    CONFIRMED = "confirmed"
    ACCEPTED = "accepted"  # a 2xx went out; its ACK belongs to the dialog
    TERMINATED = "terminated"


class InviteServerTransaction:
    """One INVITE gets one final response, however often the INVITE arrives.

    RFC 3261 §17.2.1, with the Accepted state of RFC 6026 §7.1. Owns no socket, task or clock.

    Args:
        request: the INVITE.
        timers: lengths.
        reliable: whether the transport is TCP or TLS.
    """

    __slots__ = ("_g_s", "last_response", "reliable", "request", "state", "timers")

    def __init__(self, request: Request, timers: SipTimers, *, reliable: bool) -> None:
        self.request = request
        self.timers = timers
        self.reliable = reliable
        self.state = State.PROCEEDING
        self.last_response: Response | None = None
        self._g_s = timers.t1_s

    def receive(self, request: Request) -> list[Action]:
        """An INVITE or ACK that matches this transaction; the first INVITE made it and is not handed in."""
        match self.state, request.method:
            case ((State.PROCEEDING | State.COMPLETED), "INVITE"):  # a retransmission
                return [Send(self.last_response)] if self.last_response is not None else []
            case State.COMPLETED, "ACK":
                self.state = State.CONFIRMED
                stop: list[Action] = [StopTimer(Timer.G), StopTimer(Timer.H)]
                if self.reliable:
                    return [*stop, *self._finish()]
                return [*stop, StartTimer(Timer.I, self.timers.t4_s)]
            case State.ACCEPTED, "ACK":  # the ACK to a 2xx belongs to the dialog
                return [Deliver(request)]
            case _:
                return []

    def respond(self, response: Response) -> list[Action]:
        """Send a response of the transaction's user; ignored once a refusal has been sent."""
        if self.state is State.ACCEPTED:
            return [Send(response)] if 200 <= response.status < 300 else []
        if self.state is not State.PROCEEDING:
            return []
        self.last_response = response
        if response.status < 200:
            return [Send(response)]
        if response.status < 300:
            self.state = State.ACCEPTED
            return [Send(response), StartTimer(Timer.L, self.timers.give_up_s)]
        self.state = State.COMPLETED
        actions: list[Action] = [Send(response), StartTimer(Timer.H, self.timers.give_up_s)]
        if not self.reliable:
            actions.append(StartTimer(Timer.G, self._g_s))
        return actions

    def expired(self, timer: Timer) -> list[Action]:
        """A timer that this transaction started has run out."""
        match self.state, timer:
            case State.COMPLETED, Timer.G:
                self._g_s = min(2 * self._g_s, self.timers.t2_s)
                return [Send(self._final()), StartTimer(Timer.G, self._g_s)]
            case State.COMPLETED, Timer.H:
                return [Failed(Failure.TIMED_OUT), *self._finish()]
            case (State.CONFIRMED, Timer.I) | (State.ACCEPTED, Timer.L):
                return self._finish()
            case _:
                return []

    def transport_failed(self) -> list[Action]:
        """The last response could not be sent (RFC 3261 §17.2.4)."""
        if self.state is State.TERMINATED:
            return []
        return [Failed(Failure.TRANSPORT), *self._finish()]

    def _final(self) -> Response:
        assert self.last_response is not None
        return self.last_response

    def _finish(self) -> list[Action]:
        self.state = State.TERMINATED
        return [Finished()]
