"""The server's side of one request that is no INVITE."""

from enum import Enum

from telephony.sip.core.actions import Action, Failed, Failure, Finished, Send, StartTimer
from telephony.sip.core.message import Request, Response
from telephony.sip.core.timers import SipTimers, Timer


class State(Enum):
    """RFC 3261 figure 8; Trying and Proceeding differ only in ``last_response``."""

    TRYING = "trying"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"
    TERMINATED = "terminated"


class ServerTransaction:
    """One request gets one final response, however often it arrives (RFC 3261 §17.2.2).

    Args:
        request: any but INVITE and ACK.
        timers: lengths.
        reliable: whether the transport is TCP or TLS.
    """

    __slots__ = ("last_response", "reliable", "request", "state", "timers")

    def __init__(self, request: Request, timers: SipTimers, *, reliable: bool) -> None:
        self.request = request
        self.timers = timers
        self.reliable = reliable
        self.state = State.TRYING
        self.last_response: Response | None = None

    def receive(self, request: Request) -> list[Action]:
        """A retransmission of the request."""
        if self.last_response is not None and self.state is not State.TERMINATED:
            return [Send(self.last_response)]
        return []

    def respond(self, response: Response) -> list[Action]:
        """Send a response; ignored after a final one."""
        if self.state in (State.COMPLETED, State.TERMINATED):
            return []
        self.last_response = response
        if response.status < 200:
            self.state = State.PROCEEDING
            return [Send(response)]
        if self.reliable:
            self.state = State.TERMINATED
            return [Send(response), Finished()]
        self.state = State.COMPLETED
        return [Send(response), StartTimer(Timer.J, self.timers.give_up_s)]

    def expired(self, timer: Timer) -> list[Action]:
        """Timer J has run out."""
        if self.state is State.COMPLETED and timer is Timer.J:
            self.state = State.TERMINATED
            return [Finished()]
        return []

    def transport_failed(self) -> list[Action]:
        """The last response could not be sent (RFC 3261 §17.2.4)."""
        if self.state is State.TERMINATED:
            return []
        self.state = State.TERMINATED
        return [Failed(Failure.TRANSPORT), Finished()]
