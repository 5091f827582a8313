"""The client's side of one request that is no INVITE."""

from enum import Enum

from telephony.sip.core.actions import Action, Deliver, Failed, Failure, Finished, Send, StartTimer, StopTimer
from telephony.sip.core.message import Request, Response
from telephony.sip.core.timers import SipTimers, Timer


class State(Enum):
    """RFC 3261 figure 6."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class ClientTransaction:
    """One request is repeated until its final response comes or 64·T1 have passed (RFC 3261 §17.1.2).

    Args:
        request: any but INVITE and ACK, Via included.
        timers: lengths.
        reliable: whether the transport is TCP or TLS.
    """

    __slots__ = ("_e_s", "reliable", "request", "state", "timers")

    def __init__(self, request: Request, timers: SipTimers, *, reliable: bool) -> None:
        self.request = request
        self.timers = timers
        self.reliable = reliable
        self.state = State.TRYING
        self._e_s = timers.t1_s

    def start(self) -> list[Action]:
        """Send the request for the first time."""
        actions: list[Action] = [Send(self.request), StartTimer(Timer.F, self.timers.give_up_s)]
        if not self.reliable:
            actions.append(StartTimer(Timer.E, self._e_s))
        return actions

    def receive(self, response: Response) -> list[Action]:
        """A response whose branch and method match."""
        if self.state not in (State.TRYING, State.PROCEEDING):
            return []
        if response.status < 200:
            self.state = State.PROCEEDING
            return [Deliver(response)]
        if self.reliable:
            self.state = State.TERMINATED
            return [Deliver(response), Finished()]
        self.state = State.COMPLETED
        return [
            StopTimer(Timer.E),
            StopTimer(Timer.F),
            Deliver(response),
            StartTimer(Timer.K, self.timers.t4_s),
        ]

    def expired(self, timer: Timer) -> list[Action]:
        """A timer that this transaction started has run out."""
        match self.state, timer:
            case State.TRYING, Timer.E:
                self._e_s = min(2 * self._e_s, self.timers.t2_s)
                return [Send(self.request), StartTimer(Timer.E, self._e_s)]
            case State.PROCEEDING, Timer.E:
                return [Send(self.request), StartTimer(Timer.E, self.timers.t2_s)]
            case ((State.TRYING | State.PROCEEDING), Timer.F):
                self.state = State.TERMINATED
                return [Failed(Failure.TIMED_OUT), Finished()]
            case State.COMPLETED, Timer.K:
                self.state = State.TERMINATED
                return [Finished()]
            case _:
                return []

    def transport_failed(self) -> list[Action]:
        """The request could not be sent (RFC 3261 §17.1.4)."""
        if self.state is State.TERMINATED:
            return []
        tell = self.state is not State.COMPLETED
        self.state = State.TERMINATED
        return [*([Failed(Failure.TRANSPORT)] if tell else []), Finished()]
