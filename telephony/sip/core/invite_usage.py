"""What caller and callee do alike inside an answered dialog: re-INVITE both ways, INFO, BYE, ACKs."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from telephony.sip.core.actions import (
    Acked,
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
    UserAction,
)
from telephony.sip.core.dialog import Dialog
from telephony.sip.core.digest import DigestClient, read_challenges
from telephony.sip.core.errors import WrongState
from telephony.sip.core.events import DialogEnd, EndedBy, ReinviteResult
from telephony.sip.core.message import REASON_PHRASES, Request, Response, make_response
from telephony.sip.core.reasons import read_reason, reason_header, warning_header
from telephony.sip.core.timers import SipTimers, Timer

ALLOW = "INVITE, ACK, CANCEL, BYE, OPTIONS, INFO"
_KNOWN_METHODS = frozenset({"SUBSCRIBE", "NOTIFY", "MESSAGE", "UPDATE", "PRACK", "REFER", "PUBLISH", "REGISTER"})
_GLARE_TRIES = 3


class Phase(Enum):
    """One INVITE dialog's life, seen by either side."""

    INVITING = "inviting"  # no final response yet
    ACCEPTED = "accepted"  # UAS: 2xx sent, ACK missing
    CONFIRMED = "confirmed"
    CLOSING = "closing"  # BYE sent, its response missing
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class UserAgent:
    """What every dialog of one endpoint shares.

    Attributes:
        host: named in Warning headers.
        contact: Contact value for the messages of this dialog.
        product: Server and User-Agent.
        timers: lengths.
        new_token: fresh random text, for tags.
        jitter: a fresh number from 0 to 1, for the waits after 491.
    """

    host: str
    contact: str
    product: str
    timers: SipTimers
    new_token: Callable[[], str]
    jitter: Callable[[], float]


@dataclass(eq=False, slots=True)
class _Unacknowledged:
    """A 2xx of ours that is re-sent until its ACK comes."""

    request: Request
    response: Response
    interval_s: float
    first: bool


class InviteUsage:
    """The common part of Uas and Uac; driven like a transaction, it returns actions.

    Attributes:
        phase: see Phase.
        dialog: the confirmed (or the callee's early) dialog; None before a caller has one.
    """

    def __init__(self, agent: UserAgent, digest: DigestClient | None = None) -> None:
        self.agent = agent
        self.phase = Phase.INVITING
        self.dialog: Dialog | None = None
        self.digest = digest
        self.began_it = False  # whether the Call-ID is ours (RFC 3261 §14.1)
        self._incoming: Request | None = None  # the peer's re-INVITE without answer
        self._outgoing: Request | None = None  # our re-INVITE without final response
        self._outgoing_body = b""
        self._glares = 0
        self._unacked: _Unacknowledged | None = None
        self._bye_after_ack: tuple[tuple[str, str], ...] | None = None
        self._proved: set[int] = set()  # CSeq numbers that carried a proof

    @property
    def local_tag(self) -> str:
        """Our tag; with the Call-ID it names the dialog."""
        raise NotImplementedError

    # -- what the owner wants ------------------------------------------------------------------------------------

    def bye(self, *, q850: int = 16, text: str = "", by: EndedBy = EndedBy.LOCAL) -> list[UserAction]:
        """End the dialog; waits for a missing ACK (RFC 3261 §15). Nothing if it has ended."""
        if self.phase not in (Phase.ACCEPTED, Phase.CONFIRMED):
            return []
        told = Notify(DialogEnd(by, q850, text))
        reason = (reason_header(q850, text),)
        if self.phase is Phase.ACCEPTED:
            if self._bye_after_ack is not None:
                return []
            self._bye_after_ack = reason
            return [told]
        return [*self._send_bye(reason), told]

    def reinvite(self, body: bytes) -> list[UserAction]:
        """Offer a new description; ReinviteResult follows.

        Raises:
            WrongState: not answered yet, ended, or another re-INVITE is under way.
        """
        if self.phase is not Phase.CONFIRMED or self.dialog is None or self._bye_after_ack is not None:
            raise WrongState("a re-INVITE needs a confirmed dialog")
        if self._outgoing is not None or self._outgoing_body:
            raise WrongState("another re-INVITE of ours is under way")
        if self._incoming is not None or self._unacked is not None:
            raise WrongState("a re-INVITE of the peer is under way")
        self._outgoing_body = body
        self._glares = 0
        return self._send_reinvite()

    def answer_offer(self, request: Request, body: bytes) -> list[UserAction]:
        """Accept the peer's re-INVITE; re-sent until its ACK comes."""
        if request is not self._incoming:
            return []
        self._incoming = None
        return self._accept(request, body, first=False)

    def refuse_offer(self, request: Request, status: int, reason: str, warning: str | None) -> list[UserAction]:
        """Refuse the peer's re-INVITE; the session stays as it was."""
        if request is not self._incoming:
            return []
        self._incoming = None
        headers = [warning_header(self.agent.host, warning)] if warning else []
        return [Respond(request, make_response(request, status, reason, headers=headers))]

    def info(self, content_type: str, body: bytes) -> list[UserAction]:
        """Send an INFO.

        Raises:
            WrongState: not answered yet, or ended.
        """
        if self.phase is not Phase.CONFIRMED or self.dialog is None:
            raise WrongState("INFO needs a confirmed dialog")
        return [SendRequest(self._proved_request("INFO", (), body, content_type))]

    # -- what comes from the line --------------------------------------------------------------------------------

    def receive(self, request: Request) -> list[UserAction]:
        """A request inside the dialog, new (the transaction layer has taken the retransmissions)."""
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
            case "INFO" if self.phase is not Phase.CLOSING:
                event = InfoReceived(request.get("Content-Type") or "", request.body)
                return [Respond(request, make_response(request, 200)), Notify(event)]
            case "OPTIONS":
                headers = (("Allow", ALLOW), ("Accept", "application/sdp"))
                return [Respond(request, make_response(request, 200, headers=headers))]
            case method:
                return [Respond(request, refuse_method(request, method))]

    def response(self, request: Request, response: Response) -> list[UserAction]:
        """A response to a request of ours inside the dialog."""
        if response.status < 200:
            return []
        if request.method == "INVITE":
            return self._reinvite_answered(request, response)
        retry = self._prove_again(request, response)
        if retry is not None:
            return [SendRequest(retry)]
        if request.method == "BYE":
            return self._closed()
        if response.status in (408, 481):
            return self._lost(f"{request.method} was answered {response.status}")
        return []

    def failed(self, request: Request, failure: Failure) -> list[UserAction]:
        """No final response came to a request of ours inside the dialog."""
        if request.method == "BYE":
            return self._closed()
        lost = f"{request.method} {failure.value}"
        if request.method != "INVITE":
            return self._lost(lost)
        if request is not self._outgoing:
            return []
        return [*self._reinvite_done(408, REASON_PHRASES[408]), *self._lost(lost)]

    def expired(self, timer: Timer) -> list[UserAction]:
        """A timer that this usage started has run out."""
        unacked = self._unacked
        if timer is Timer.ACCEPT_RESEND and unacked is not None:
            unacked.interval_s = min(2 * unacked.interval_s, self.agent.timers.t2_s)
            return [Respond(unacked.request, unacked.response), StartTimer(timer, unacked.interval_s)]
        if timer is Timer.ACCEPT_GIVE_UP and unacked is not None:
            return self._ack_missing()
        if timer is Timer.GLARE and self._outgoing_body and self._outgoing is None:
            if self._incoming is not None or self._unacked is not None:  # the peer's offer came first: wait for it
                return [StartTimer(Timer.GLARE, self._glare_wait_s())]
            return self._send_reinvite()
        return []

    # -- parts ---------------------------------------------------------------------------------------------------

    def _is_ours(self, request: Request) -> bool:
        assert self.dialog is not None
        return request.from_tag == self.dialog.remote_tag

    def _accept(self, request: Request, body: bytes, *, first: bool) -> list[UserAction]:
        dialog = self.dialog
        assert dialog is not None
        headers = [("Contact", self.agent.contact), ("Allow", ALLOW), ("Server", self.agent.product)]
        if body:
            headers.append(("Content-Type", "application/sdp"))
        response = make_response(request, 200, to_tag=dialog.local_tag, headers=headers, body=body)
        if not first:
            dialog.refresh_target(request)
        timers = self.agent.timers
        self._unacked = _Unacknowledged(request, response, timers.t1_s, first)
        return [
            Respond(request, response),
            StartTimer(Timer.ACCEPT_RESEND, timers.t1_s),
            StartTimer(Timer.ACCEPT_GIVE_UP, timers.give_up_s),
        ]

    def _acknowledged(self, ack: Request) -> list[UserAction]:
        unacked = self._unacked
        if unacked is None or ack.cseq.number != unacked.request.cseq.number or not self._is_ours(ack):
            return []
        self._unacked = None
        actions: list[UserAction] = [StopTimer(Timer.ACCEPT_RESEND), StopTimer(Timer.ACCEPT_GIVE_UP)]
        if self.phase is Phase.CLOSING:
            return actions
        self.phase = Phase.CONFIRMED
        if self._bye_after_ack is not None:
            return [*actions, *self._send_bye(self._bye_after_ack)]
        return [*actions, Notify(Acked(ack.sdp) if unacked.first else ReinviteAcked(ack.sdp))]

    def _ack_missing(self) -> list[UserAction]:
        self._unacked = None
        told = self._bye_after_ack is not None
        end = DialogEnd(EndedBy.ACK_MISSING, 111, "no ACK to the 200")
        bye = self._send_bye((reason_header(111, "no ACK"),))
        return bye if told else [*bye, Notify(end)]

    def _send_bye(self, headers: tuple[tuple[str, str], ...]) -> list[UserAction]:
        self.phase = Phase.CLOSING
        actions = self._drop_pending()
        return [*actions, SendRequest(self._proved_request("BYE", headers))]

    def _bye_came(self, request: Request) -> list[UserAction]:
        told = self.phase is Phase.CLOSING or self._bye_after_ack is not None
        actions = [*self._drop_pending(), Respond(request, make_response(request, 200))]
        self.phase = Phase.ENDED
        if told:
            return [*actions, Forget()]
        q850, text = read_reason(request)
        return [*actions, Notify(DialogEnd(EndedBy.PEER, q850, text)), Forget()]

    def _drop_pending(self) -> list[UserAction]:
        """End both directions' re-INVITEs, as the dialog does."""
        actions: list[UserAction] = []
        if self._unacked is not None:
            self._unacked = None
            actions += [StopTimer(Timer.ACCEPT_RESEND), StopTimer(Timer.ACCEPT_GIVE_UP)]
        if self._incoming is not None:
            actions.append(Respond(self._incoming, make_response(self._incoming, 487)))
            self._incoming = None
        if self._outgoing_body:
            actions += self._reinvite_done(487, REASON_PHRASES[487])
        return actions

    def _closed(self) -> list[UserAction]:
        self.phase = Phase.ENDED
        return [Forget()]

    def _lost(self, text: str) -> list[UserAction]:
        if self.phase is not Phase.CONFIRMED:
            return []
        bye = self._send_bye((reason_header(41, "peer lost"),))
        return [*bye, Notify(DialogEnd(EndedBy.PEER_LOST, 41, text))]

    def _offer_came(self, request: Request) -> list[UserAction]:
        if self.phase is Phase.CLOSING:
            return [Respond(request, make_response(request, 481))]
        if self._outgoing is not None or self.phase is Phase.ACCEPTED:
            return [Respond(request, make_response(request, 491))]
        if self._incoming is not None or self._unacked is not None or self.phase is Phase.INVITING:
            wait = ("Retry-After", str(int(10 * self.agent.jitter())))
            return [Respond(request, make_response(request, 500, headers=[wait]))]
        self._incoming = request
        return [Notify(Offered(request))]

    def _send_reinvite(self) -> list[UserAction]:
        self._outgoing = self._proved_request("INVITE", (("Allow", ALLOW),), self._outgoing_body, "application/sdp")
        return [SendRequest(self._outgoing)]

    def _reinvite_answered(self, request: Request, response: Response) -> list[UserAction]:
        dialog = self.dialog
        assert dialog is not None
        if 200 <= response.status < 300:
            repeated = dialog.acked(request)
            ack = repeated or dialog.ack(request)
            if repeated is not None or request is not self._outgoing:
                return [SendAck(ack)]
            dialog.refresh_target(response)
            return [SendAck(ack), *self._reinvite_done(response.status, response.reason, response.sdp)]
        if request is not self._outgoing:
            return []
        retry = self._prove_again(request, response)
        if retry is not None:
            self._outgoing = retry
            return [SendRequest(retry)]
        if response.status == 491 and self._glares < _GLARE_TRIES:
            self._glares += 1
            self._outgoing = None
            return [StartTimer(Timer.GLARE, self._glare_wait_s())]
        done = self._reinvite_done(response.status, response.reason)
        if response.status in (408, 481):
            return [*done, *self._lost(f"re-INVITE was answered {response.status}")]
        return done

    def _reinvite_done(self, status: int, reason: str, sdp: str | None = None) -> list[UserAction]:
        self._outgoing = None
        self._outgoing_body = b""
        return [StopTimer(Timer.GLARE), Notify(ReinviteResult(status, reason, sdp))]

    def _glare_wait_s(self) -> float:
        """RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms."""
        jitter = self.agent.jitter()
        wait_s = 2.1 + 1.9 * jitter if self.began_it else 2.0 * jitter
        return round(wait_s, 2)

    def _proved_request(
        self, method: str, headers: tuple[tuple[str, str], ...], body: bytes = b"", content_type: str = ""
    ) -> Request:
        assert self.dialog is not None
        request = self.dialog.request(method, headers=headers, body=body, content_type=content_type)
        if self.digest is not None and (proof := self.digest.proof(method, request.uri)) is not None:
            request.fields[proof[0]] = [proof[1]]
        return request

    def _prove_again(self, request: Request, response: Response) -> Request | None:
        """The same request with the next number and an answer to the challenge; None if there is none to give."""
        if response.status not in (401, 407) or self.digest is None or self.dialog is None:
            return None
        name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
        before = request.cseq.number in self._proved
        if not self.digest.challenged(
            response.status, read_challenges(response.fields.get(name, [])), answered_before=before
        ):
            return None
        self.dialog.local_seq += 1
        retry = prove(request, self.dialog.local_seq, self.digest)
        self._proved.add(self.dialog.local_seq)
        return retry


def prove(request: Request, number: int, digest: DigestClient) -> Request:
    """The request again under another CSeq number, without Via, with the digest's proof."""
    fields = {name: list(values) for name, values in request.fields.items() if name != "Via"}
    fields["CSeq"] = [f"{number} {request.method}"]
    proof = digest.proof(request.method, request.uri)
    if proof is not None:
        fields.pop("Authorization", None)
        fields.pop("Proxy-Authorization", None)
        fields[proof[0]] = [proof[1]]
    return Request(request.method, request.uri, fields, request.body)


def refuse_method(request: Request, method: str) -> Response:
    """405 for a method that we know and do not serve, 501 for one that we do not know (RFC 3261 §8.2.1)."""
    if method in _KNOWN_METHODS or method in ALLOW.split(", "):
        return make_response(request, 405, headers=[("Allow", ALLOW)])
    return make_response(request, 501, headers=[("Allow", ALLOW)])
