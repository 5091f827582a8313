"""INVITE dialogs as their owner holds them: what inbound and outbound ones have in common."""

import asyncio
import logging
from functools import partial
from typing import Protocol, assert_never

from telephony.sip.core.actions import (
    Acked,
    Answered,
    Cancelled,
    Event,
    Failure,
    Forget,
    InfoReceived,
    Notify,
    Offered,
    ReinviteAcked,
    Respond,
    SendAck,
    SendRequest,
    StartTimer,
    StopTimer,
    TransferAsked,
    UserAction,
)
from telephony.sip.core.address import Hop
from telephony.sip.core.events import DialogEnd, InviteEvents, InviteFailed, Provisional, ReinviteResult, TransferWish
from telephony.sip.core.invite_usage import InviteUsage
from telephony.sip.core.message import Request, Response
from telephony.sip.core.timers import Timer
from telephony.sip.core.user_agent import Phase
from telephony.sip.io.ports import Cancellable, Scheduler

log = logging.getLogger(__name__)


class Line(Protocol):
    """What a dialog needs from the endpoint."""

    scheduler: Scheduler

    def respond(self, request: Request, response: Response) -> None:
        """Answer by the server transaction."""
        ...

    def send_request(self, dialog: "InviteDialog", request: Request) -> None:
        """Send by a new client transaction."""
        ...

    def send_ack(self, dialog: "InviteDialog", request: Request) -> None:
        """Send without transaction."""
        ...

    def forget(self, dialog: "InviteDialog") -> None:
        """Drop the dialog from the table."""
        ...


class _Offer:
    """See core.events.RemoteOffer."""

    __slots__ = ("_dialog", "_request")

    def __init__(self, dialog: "InviteDialog", request: Request) -> None:
        self._dialog = dialog
        self._request = request

    @property
    def sdp(self) -> str | None:
        return self._request.sdp

    def accept(self, sdp: str) -> None:
        self._dialog.run(self._dialog.usage.answer_offer(self._request, sdp.encode()))

    def reject(self, status: int = 488, reason: str = "", warning: str | None = None) -> None:
        log.info(
            "re-INVITE refused", extra={"call_id": self._dialog.call_id, "status": status, "why": warning or reason}
        )
        self._dialog.run(self._dialog.usage.refuse_offer(self._request, status, reason, warning))


class _Transfer:
    """See core.events.Transfer."""

    __slots__ = ("_dialog", "_request", "_wish")

    def __init__(self, dialog: "InviteDialog", request: Request, wish: TransferWish) -> None:
        self._dialog = dialog
        self._request = request
        self._wish = wish

    @property
    def wish(self) -> TransferWish:
        return self._wish

    def accept(self) -> None:
        self._dialog.run(self._dialog.usage.accept_transfer(self._request))

    def reject(self, status: int = 603, warning: str | None = None) -> None:
        log.info("transfer refused", extra={"call_id": self._dialog.call_id, "status": status, "why": warning})
        self._dialog.run(self._dialog.usage.refuse_transfer(self._request, status, warning))

    def tell(self, status: int, reason: str = "") -> None:
        self._dialog.run(self._dialog.usage.tell_transfer(self._request, status, reason))


class InviteDialog:
    """What inbound and outbound calls have in common once they are answered.

    Attributes:
        events: assign your InviteEvents before you return to the event loop.
        call_id: the Call-ID header; for the log and the call record.
        account: the registered account at the far end, if it is one.
        trunk: the trunk's name, if the far end is one.
        remote: where the peer's messages come from, or where ours go.
    """

    def __init__(
        self, line: Line, usage: InviteUsage, call_id: str, remote: Hop, *, account: str | None, trunk: str | None
    ) -> None:
        self.events = InviteEvents()
        self.call_id = call_id
        self.account = account
        self.trunk = trunk
        self.remote = remote
        self.usage = usage
        self._line = line
        self._timers: dict[Timer, Cancellable] = {}
        self._reinvites: list[asyncio.Future[ReinviteResult]] = []

    @property
    def answered(self) -> bool:
        """Whether a 2xx was sent or received and the dialog has not ended."""
        return self.usage.phase in (Phase.ACCEPTED, Phase.CONFIRMED)

    @property
    def running_timers(self) -> int:
        """Timers of the dialog, for the stats."""
        return len(self._timers)

    def bye(self, *, q850: int = 16, text: str = "") -> None:
        """End the answered dialog with a BYE that carries ``Reason: Q.850``.

        ``events.ended(by LOCAL)`` follows at once. On an inbound dialog whose ACK is still missing the BYE waits
        for the ACK or its time-out (RFC 3261 §15). Does nothing when the dialog has ended.
        """
        self.run(self.usage.bye(q850=q850, text=text))

    async def reinvite(self, sdp: str, *, by_update: bool = False) -> ReinviteResult:
        """Offer a new description inside the dialog (hold, resume, another address).

        491 is tried again by RFC 3261 §14.1, three times at most. 408 and 481 end the dialog (§12.2.1.2).

        Args:
            by_update: by UPDATE (RFC 3311) instead of re-INVITE.

        Raises:
            WrongState: not answered yet, ended, or another re-INVITE is under way.
        """
        actions = self.usage.reinvite(sdp.encode(), by_update=by_update)
        future: asyncio.Future[ReinviteResult] = asyncio.get_running_loop().create_future()
        self._reinvites.append(future)
        self.run(actions)
        return await future

    def info(self, content_type: str, body: bytes) -> None:
        """Send an INFO inside the dialog; its response is only logged.

        Raises:
            WrongState: not answered yet, or ended.
        """
        self.run(self.usage.info(content_type, body))

    # -- for the endpoint ----------------------------------------------------------------------------------------

    def receive(self, request: Request) -> None:
        """A request inside the dialog."""
        self.run(self.usage.receive(request))

    def response(self, request: Request, response: Response) -> None:
        """A response to a request of ours."""
        self.run(self.usage.response(request, response))

    def failed(self, request: Request, failure: Failure) -> None:
        """A request of ours got no final response."""
        self.run(self.usage.failed(request, failure))

    def drop(self) -> None:
        """The endpoint is gone: no more timers, and no re-INVITE waits for ever."""
        self._stop_all()
        self._reinvite_done(ReinviteResult(503, "the endpoint has stopped"))

    def run(self, actions: list[UserAction]) -> None:
        """Do what the rules ask for."""
        for action in actions:
            match action:
                case Respond(request, response):
                    self._line.respond(request, response)
                case SendRequest(request):
                    self._line.send_request(self, request)
                case SendAck(request):
                    self._line.send_ack(self, request)
                case StartTimer(timer, after_s):
                    self._stop(timer)
                    self._timers[timer] = self._line.scheduler.call_later(after_s, partial(self._expired, timer))
                case StopTimer(timer):
                    self._stop(timer)
                case Notify(event):
                    self._tell(event)
                case Forget():
                    self._stop_all()
                    self._line.forget(self)
                case _:
                    assert_never(action)

    def _expired(self, timer: Timer) -> None:
        self._timers.pop(timer, None)
        self.run(self.usage.expired(timer))

    def _stop(self, timer: Timer) -> None:
        running = self._timers.pop(timer, None)
        if running is not None:
            running.cancel()

    def _stop_all(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _tell(self, event: Event) -> None:
        try:
            self._dispatch(event)
        except Exception:
            log.exception("a dialog's owner raised", extra={"call_id": self.call_id, "event": type(event).__name__})
            if isinstance(event, Offered):
                self.run(self.usage.refuse_offer(event.request, 500, "", None))
            if isinstance(event, TransferAsked):
                self.run(self.usage.refuse_transfer(event.request, 500))

    def _dispatch(self, event: Event) -> None:
        events = self.events
        match event:
            case Cancelled(reason):
                events.cancelled(reason)
            case Acked(sdp):
                events.acked(sdp)
            case ReinviteAcked(sdp):
                if sdp is not None:
                    events.acked(sdp)
            case Answered(sdp, fork):
                events.answered(sdp, fork)
            case Offered(request):
                events.offered(_Offer(self, request))
            case InfoReceived(content_type, body):
                events.info(content_type, body)
            case TransferAsked(request, wish):
                events.transfer_asked(_Transfer(self, request, wish))
            case Provisional():
                events.provisional(event)
            case InviteFailed():
                events.failed(event)
            case DialogEnd():
                events.ended(event)
            case ReinviteResult():
                self._reinvite_done(event)
            case _:
                assert_never(event)

    def _reinvite_done(self, result: ReinviteResult) -> None:
        waiting, self._reinvites = self._reinvites, []
        for future in waiting:
            if not future.done():
                future.set_result(result)
