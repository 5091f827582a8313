"""The client's side of one INVITE."""

from enum import Enum

from telephony.sip.core.actions import Action, Deliver, Failed, Failure, Finished, Send, StartTimer, StopTimer
from telephony.sip.core.message import Request, Response
from telephony.sip.core.timers import SipTimers, Timer


class State(Enum):
    """RFC 3261 figure 5 with RFC 6026 §7.2."""

    CALLING = "calling"
    PROCEEDING = "proceeding"
    COMPLETED = "completed"  # a refusal came and is ACKed as often as it comes
    ACCEPTED = "accepted"  # a 2xx came; more may come, from other forks too
    TERMINATED = "terminated"


class InviteClientTransaction:
    """One INVITE is repeated until somebody answers, and every refusal is ACKed.

    RFC 3261 §17.1.1, with the Accepted state of RFC 6026 §7.2. Owns no socket, task or clock.

    Args:
        request: the INVITE, Via included.
        timers: lengths.
        reliable: whether the transport is TCP or TLS.
    """

    __slots__ = ("_a_s", "_ack", "reliable", "request", "state", "timers")

    def __init__(self, request: Request, timers: SipTimers, *, reliable: bool) -> None:
        self.request = request
        self.timers = timers
        self.reliable = reliable
        self.state = State.CALLING
        self._a_s = timers.t1_s
        self._ack: Request | None = None

    def start(self) -> list[Action]:
        """Send the INVITE for the first time."""
        actions: list[Action] = [Send(self.request), StartTimer(Timer.B, self.timers.give_up_s)]
        if not self.reliable:
            actions.append(StartTimer(Timer.A, self._a_s))
        return actions

    def receive(self, response: Response) -> list[Action]:
        """A response whose branch and method match."""
        waiting = self.state in (State.CALLING, State.PROCEEDING)
        if response.status < 200:
            return self._provisional(response) if waiting else []
        if response.status < 300:
            if waiting:
                self.state = State.ACCEPTED
                return [*self._stop(), Deliver(response), StartTimer(Timer.M, self.timers.give_up_s)]
            return [Deliver(response)] if self.state is State.ACCEPTED else []
        if waiting:
            return self._refused(response)
        if self.state is State.COMPLETED and self._ack is not None:
            return [Send(self._ack)]
        return []

    def expired(self, timer: Timer) -> list[Action]:
        """A timer that this transaction started has run out."""
        match self.state, timer:
            case State.CALLING, Timer.A:
                self._a_s *= 2
                return [Send(self.request), StartTimer(Timer.A, self._a_s)]
            case State.CALLING, Timer.B:
                return [Failed(Failure.TIMED_OUT), *self._finish()]
            case (State.COMPLETED, Timer.D) | (State.ACCEPTED, Timer.M):
                return self._finish()
            case _:
                return []

    def transport_failed(self) -> list[Action]:
        """The INVITE or an ACK could not be sent (RFC 3261 §17.1.4)."""
        if self.state is State.TERMINATED:
            return []
        tell = self.state in (State.CALLING, State.PROCEEDING)
        return [*([Failed(Failure.TRANSPORT)] if tell else []), *self._finish()]

    def abandon(self) -> list[Action]:
        """The user waits no longer: no final response came to a cancelled INVITE (RFC 3261 §9.1)."""
        return [] if self.state in (State.TERMINATED, State.ACCEPTED, State.COMPLETED) else self._finish()

    def _provisional(self, response: Response) -> list[Action]:
        stop = self._stop() if self.state is State.CALLING else []
        self.state = State.PROCEEDING
        return [*stop, Deliver(response)]

    def _refused(self, response: Response) -> list[Action]:
        stop = self._stop()
        self._ack = ack_to_refusal(self.request, response)
        actions: list[Action] = [*stop, Send(self._ack), Deliver(response)]
        if self.reliable:
            return [*actions, *self._finish()]
        self.state = State.COMPLETED
        return [*actions, StartTimer(Timer.D, self.timers.d_s)]

    def _stop(self) -> list[Action]:
        stop: list[Action] = [StopTimer(Timer.B)]
        if not self.reliable:
            stop.append(StopTimer(Timer.A))
        return stop

    def _finish(self) -> list[Action]:
        self.state = State.TERMINATED
        return [Finished()]


def ack_to_refusal(invite: Request, response: Response) -> Request:
    """The ACK of the transaction layer: the INVITE's branch and route, the response's To (RFC 3261 §17.1.1.3)."""
    source = invite.fields
    fields = {
        "Via": [invite.get_list("Via")[0]],
        "From": source["From"],
        "To": response.fields["To"],
        "Call-ID": source["Call-ID"],
        "CSeq": [f"{invite.cseq.number} ACK"],
        "Max-Forwards": ["70"],
    }
    if "Route" in source:
        fields["Route"] = source["Route"]
    return Request("ACK", invite.uri, fields)
