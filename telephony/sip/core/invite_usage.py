"""What caller and callee do alike inside an answered dialog: every message and timer finds its act."""

from telephony.sip.core.actions import (
    Failure,
    InfoReceived,
    Notify,
    Respond,
    SendRequest,
    UserAction,
)
from telephony.sip.core.message import REASON_PHRASES, Request, Response, make_response
from telephony.sip.core.timers import Timer
from telephony.sip.core.transfer import TransferUsage
from telephony.sip.core.user_agent import Phase, refuse_method

_ASIDE = frozenset({"NOTIFY", "PRACK"})
"""Requests whose failure says nothing of the call: a subscription's, an early dialog's (RFC 5057 §5.1)."""


class InviteUsage(TransferUsage):
    """The common part of Uas and Uac; driven like a transaction, it returns actions."""

    def receive(self, request: Request) -> list[UserAction]:
        """A request inside the dialog, new (the transaction layer has taken the retransmissions).

        Raises:
            MessageMalformed: Session-Expires or Min-SE cannot be read; 400.
        """
        if request.method == "ACK":
            return self._acknowledged(request)
        dialog = self.dialog
        if dialog is None or self.phase is Phase.ENDED or not self._is_ours(request):
            return [Respond(request, make_response(request, 481))]
        if not dialog.in_order(request):
            return [Respond(request, make_response(request, 500, "Request Out Of Order"))]
        match request.method:
            case "BYE":
                return self._bye_came(request)
            case "INVITE":
                return self._offer_came(request)
            case "UPDATE":
                return self._update_came(request)
            case "PRACK":
                return self._prack_came(request)
            case "REFER" if "REFER" in self.agent.allow:
                return self._refer_came(request)
            case "INFO" if self.phase is not Phase.CLOSING:
                event = InfoReceived(request.get("Content-Type") or "", request.body)
                return [Respond(request, make_response(request, 200)), Notify(event)]
            case "OPTIONS":
                headers = (("Allow", self.agent.allow), ("Accept", "application/sdp"))
                return [Respond(request, make_response(request, 200, headers=headers))]
            case method:
                return [Respond(request, refuse_method(request, method, self.agent.allow))]

    def response(self, request: Request, response: Response) -> list[UserAction]:
        """A response to a request of ours inside the dialog."""
        if response.status < 200:
            return []
        if request.method in ("INVITE", "UPDATE"):
            return self._offering_answered(request, response)
        retry = self._prove_again(request, response)
        if retry is not None:
            return [SendRequest(retry)]
        if request.method == "BYE":
            return self._closed()
        if request.method == "NOTIFY" and response.status >= 300:
            return self._transfer_unheard()
        if response.status in (408, 481) and request.method not in _ASIDE:
            return self._lost(f"{request.method} was answered {response.status}")
        return []

    def failed(self, request: Request, failure: Failure) -> list[UserAction]:
        """No final response came to a request of ours inside the dialog."""
        if request.method == "BYE":
            return self._closed()
        if request.method in _ASIDE:
            return self._transfer_unheard() if request.method == "NOTIFY" else []
        lost = f"{request.method} {failure.value}"
        if request.method not in ("INVITE", "UPDATE"):
            return self._lost(lost)
        if self._offering is None or request is not self._offering.sent:
            return []
        return [*self._offering_done(408, REASON_PHRASES[408]), *self._lost(lost)]

    def expired(self, timer: Timer) -> list[UserAction]:
        """A timer that this usage started has run out."""
        match timer:
            case Timer.ACCEPT_RESEND:
                return self._resend_accepted()
            case Timer.ACCEPT_GIVE_UP:
                return self._ack_missing()
            case Timer.GLARE:
                return self._glare_over()
            case Timer.SESSION_REFRESH:
                return self._refresh()
            case Timer.SESSION_EXPIRES:
                return self._lost("nobody refreshed the session", 102, "session expired")
            case _:
                return []

    def _prack_came(self, request: Request) -> list[UserAction]:
        """A PRACK for a provisional response that this side never sent reliably (RFC 3262 §3)."""
        return [Respond(request, make_response(request, 481))]
