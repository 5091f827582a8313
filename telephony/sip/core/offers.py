"""Offers inside an answered dialog, both ways: re-INVITE (RFC 3261 §14), UPDATE (RFC 3311), and their ACKs."""

from dataclasses import dataclass

from telephony.sip.core.actions import (
    Acked,
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
from telephony.sip.core.dialog_usage import DialogUsage, renumbered
from telephony.sip.core.digest import DigestClient
from telephony.sip.core.errors import WrongState
from telephony.sip.core.events import DialogEnd, EndedBy, ReinviteResult
from telephony.sip.core.message import REASON_PHRASES, Message, Request, Response, make_response
from telephony.sip.core.reasons import reason_header, warning_header
from telephony.sip.core.session_timer import SessionTimer, interval_refusal, stop_session
from telephony.sip.core.timers import Timer
from telephony.sip.core.user_agent import Phase, UserAgent

_GLARE_TRIES = 3


@dataclass(eq=False, slots=True)
class _Unacknowledged:
    """A 2xx of ours that is re-sent until its ACK comes.

    Attributes:
        offered: the description in it is our offer: the answer comes with the ACK.
    """

    request: Request
    response: Response
    interval_s: float
    first: bool
    offered: bool


@dataclass(eq=False, slots=True)
class _Offering:
    """A re-INVITE or UPDATE of ours, from its first try to its end.

    Attributes:
        body: the offer; b"" for an UPDATE that only refreshes.
        told: whether the owner waits for the result; False for a refresh.
        sent: the request under way; None while it waits after 491.
    """

    method: str
    body: bytes
    told: bool
    sent: Request | None = None
    glares: int = 0

    @property
    def open(self) -> bool:
        """Whether an offer of ours is on the line, so that the peer's has to wait."""
        return self.sent is not None and (self.method == "INVITE" or bool(self.body))


class OfferUsage(DialogUsage):
    """Keeps to one offer at a time in either direction (RFC 3264 §4), whatever carries it.

    Attributes:
        session: the session timer that each INVITE and UPDATE renews.
        local_sdp: the last description of ours in force.
        remote_sdp: the last one of the peer that we saw.
    """

    def __init__(self, agent: UserAgent, digest: DigestClient | None = None) -> None:
        super().__init__(agent, digest)
        self.session = SessionTimer(agent.session)
        self.local_sdp = b""
        self.remote_sdp: str | None = None
        self.began_it = False  # whether the Call-ID is ours (RFC 3261 §14.1)
        self._peer_updates = False  # whether the peer's Allow names UPDATE
        self._incoming: Request | None = None  # the peer's offer without answer
        self._offering: _Offering | None = None
        self._next_offering: _Offering | None = None  # the owner's, that waits for the end of a refresh
        self._unacked: _Unacknowledged | None = None

    # -- what the owner wants ------------------------------------------------------------------------------------

    def reinvite(self, body: bytes, *, by_update: bool = False) -> list[UserAction]:
        """Offer a new description; ReinviteResult follows.

        Args:
            by_update: by UPDATE instead of re-INVITE (RFC 3311); the peer must answer without asking anybody.

        Raises:
            WrongState: not answered yet, ended, or another re-INVITE is under way.
        """
        if self.phase is not Phase.CONFIRMED or self.dialog is None or self._bye_after_ack is not None:
            raise WrongState("a re-INVITE needs a confirmed dialog")
        if self._next_offering is not None or (self._offering is not None and self._offering.told):
            raise WrongState("another re-INVITE of ours is under way")
        if self._incoming is not None or self._unacked is not None:
            raise WrongState("a re-INVITE of the peer is under way")
        offering = _Offering("UPDATE" if by_update else "INVITE", body, told=True)
        if self._offering is not None:
            self._next_offering = offering
            return []
        self._offering = offering
        return self._send_offering()

    def answer_offer(self, request: Request, body: bytes) -> list[UserAction]:
        """Accept the peer's offer; the 2xx to a re-INVITE is re-sent until its ACK comes."""
        if request is not self._incoming:
            return []
        self._incoming = None
        if request.method == "INVITE":
            return self._accept(request, body, first=False)
        return self._accept_at_once(request, body)

    def refuse_offer(self, request: Request, status: int, reason: str, warning: str | None) -> list[UserAction]:
        """Refuse the peer's offer; the session stays as it was."""
        if request is not self._incoming:
            return []
        self._incoming = None
        headers = [warning_header(self.agent.host, warning)] if warning else []
        return [Respond(request, make_response(request, status, reason, headers=headers))]

    # -- the peer's offers ---------------------------------------------------------------------------------------

    def _offer_came(self, request: Request) -> list[UserAction]:
        """A re-INVITE, with or without a description."""
        if self.phase is Phase.CLOSING:
            return [Respond(request, make_response(request, 481))]
        if self._our_offer_is_open() or self.phase is Phase.ACCEPTED:
            return [Respond(request, make_response(request, 491))]
        if self._incoming is not None or self._unacked is not None or self.phase is Phase.INVITING:
            return [self._later(request)]
        return self._too_short(request) or self._offer(request)

    def _update_came(self, request: Request) -> list[UserAction]:
        """RFC 3311 §5.2; without a description it moves the target and renews the session."""
        if self.phase is Phase.CLOSING:
            return [Respond(request, make_response(request, 481))]
        refusal = self._too_short(request)
        if refusal:
            return refusal
        if request.sdp is None:
            return self._accept_at_once(request)
        if self._our_offer_is_open():
            return [Respond(request, make_response(request, 491))]
        if self._incoming is not None or not self._first_answer_given():
            return [self._later(request)]
        return self._offer(request)

    def _offer(self, request: Request) -> list[UserAction]:
        self._incoming = request
        return [Notify(Offered(request))]

    def _our_offer_is_open(self) -> bool:
        offering, unacked = self._offering, self._unacked
        return (offering is not None and offering.open) or (unacked is not None and unacked.offered)

    def _first_answer_given(self) -> bool:
        """Whether the offer of the first INVITE has its answer; an early one counts if it was acknowledged."""
        return self.phase in (Phase.ACCEPTED, Phase.CONFIRMED)

    def _later(self, request: Request) -> Respond:
        wait = ("Retry-After", str(int(10 * self.agent.jitter())))
        return Respond(request, make_response(request, 500, headers=[wait]))

    def _too_short(self, request: Request) -> list[UserAction]:
        headers = interval_refusal(request, self.agent.session)
        return [] if headers is None else [Respond(request, make_response(request, 422, headers=headers))]

    def _accept_at_once(self, request: Request, body: bytes = b"") -> list[UserAction]:
        """The 200 to an UPDATE or PRACK, which needs no ACK."""
        assert self.dialog is not None
        headers: list[tuple[str, str]] = []
        renewed: list[UserAction] = []
        if request.method == "UPDATE":
            self._note_peer(request)
            self.dialog.refresh_target(request)
            headers = [("Contact", self.agent.contact), ("Allow", self.agent.allow)]
            if self.phase is not Phase.INVITING:
                headers += self.session.agree(request)
                renewed = [*self.session.start()]
        if body:
            headers.append(("Content-Type", "application/sdp"))
            self._settled(request, body)
        return [Respond(request, make_response(request, 200, headers=headers, body=body)), *renewed]

    def _accept(self, request: Request, body: bytes, *, first: bool) -> list[UserAction]:
        dialog = self.dialog
        assert dialog is not None
        self._note_peer(request)
        headers = [("Contact", self.agent.contact), ("Allow", self.agent.allow), ("Server", self.agent.product)]
        headers += [("Supported", "timer"), *self.session.agree(request)]
        if body:
            headers.append(("Content-Type", "application/sdp"))
            self._settled(request, body)
        response = make_response(request, 200, to_tag=dialog.local_tag, headers=headers, body=body)
        if not first:
            dialog.refresh_target(request)
        timers = self.agent.timers
        self._unacked = _Unacknowledged(request, response, timers.t1_s, first, bool(body) and request.sdp is None)
        return [
            Respond(request, response),
            StartTimer(Timer.ACCEPT_RESEND, timers.t1_s),
            StartTimer(Timer.ACCEPT_GIVE_UP, timers.give_up_s),
            *self.session.start(),
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
        if unacked.offered:
            self.remote_sdp = ack.sdp
        return [*actions, Notify(Acked(ack.sdp) if unacked.first else ReinviteAcked(ack.sdp))]

    def _resend_accepted(self) -> list[UserAction]:
        unacked = self._unacked
        if unacked is None:
            return []
        unacked.interval_s = min(2 * unacked.interval_s, self.agent.timers.t2_s)
        return [
            Respond(unacked.request, unacked.response), StartTimer(Timer.ACCEPT_RESEND, unacked.interval_s)
        ]  # fmt: skip

    def _ack_missing(self) -> list[UserAction]:
        if self._unacked is None:
            return []
        self._unacked = None
        told = self._bye_after_ack is not None
        end = DialogEnd(EndedBy.ACK_MISSING, 111, "no ACK to the 200")
        bye = self._send_bye((reason_header(111, "no ACK"),))
        return bye if told else [*bye, Notify(end)]

    # -- our offers ----------------------------------------------------------------------------------------------

    def _send_offering(self) -> list[UserAction]:
        offering = self._offering
        assert offering is not None
        headers = [("Allow", self.agent.allow), ("Supported", "timer"), *self.session.wish()]
        offering.sent = self._proved_request(offering.method, headers, offering.body, "application/sdp")
        return [SendRequest(offering.sent)]

    def _offering_answered(self, request: Request, response: Response) -> list[UserAction]:
        """A final response to a re-INVITE or UPDATE of ours."""
        offering = self._offering
        ours = offering is not None and request is offering.sent
        if 200 <= response.status < 300:
            return self._offering_accepted(request, response, ours=ours)
        if offering is None or not ours:
            return []
        retry = self._prove_again(request, response)
        if retry is None and response.status == 422 and self.session.refused(response) and self.dialog is not None:
            self.dialog.local_seq += 1
            retry = renumbered(request, self.dialog.local_seq, self.session.wish())
        if retry is not None:
            offering.sent = retry
            return [SendRequest(retry)]
        if response.status == 491 and offering.glares < _GLARE_TRIES:
            offering.glares += 1
            offering.sent = None
            return [StartTimer(Timer.GLARE, self._glare_wait_s())]
        if offering.method == "UPDATE" and not offering.told and response.status in (405, 501):
            self._peer_updates = False
            self._offering = None
            return self._refresh()
        again = [] if offering.told else self.session.again()
        done = [*self._offering_done(response.status, response.reason), *again]
        if response.status in (408, 481):
            return [*done, *self._lost(f"{request.method} was answered {response.status}")]
        return done

    def _offering_accepted(self, request: Request, response: Response, *, ours: bool) -> list[UserAction]:
        dialog = self.dialog
        assert dialog is not None
        ack: list[UserAction] = []
        if request.method == "INVITE":
            repeated = dialog.acked(request)
            ack = [SendAck(repeated or dialog.ack(request))]
            ours = ours and repeated is None
        if not ours:
            return ack
        self._note_peer(response)
        dialog.refresh_target(response)
        self.session.agreed(response)
        if request.body:
            self.local_sdp = request.body
        return [
            *ack, *self.session.start(), *self._offering_done(response.status, response.reason, response.sdp)
        ]  # fmt: skip

    def _offering_done(self, status: int, reason: str, sdp: str | None = None) -> list[UserAction]:
        offering, self._offering = self._offering, None
        assert offering is not None
        actions: list[UserAction] = [StopTimer(Timer.GLARE)]
        if offering.told:
            actions.append(Notify(ReinviteResult(status, reason, sdp)))
        elif sdp is not None and sdp != self.remote_sdp:  # it answered our refresh with another description
            actions.append(Notify(ReinviteAcked(sdp)))
        self.remote_sdp = sdp or self.remote_sdp
        if self._next_offering is not None:
            self._offering, self._next_offering = self._next_offering, None
            actions += self._send_offering()
        return actions

    def _refresh(self) -> list[UserAction]:
        """Show that the session lives (RFC 4028 §7.4): by UPDATE if the peer knows it, else as it was by re-INVITE."""
        if self.phase is not Phase.CONFIRMED or self._bye_after_ack is not None:
            return []
        if self._offering is not None or self._incoming is not None or self._unacked is not None:
            return [*self.session.again()]
        update = self._peer_updates or not self.local_sdp
        self._offering = _Offering(
            "UPDATE" if update else "INVITE", b"" if update else self.local_sdp, told=False
        )  # fmt: skip
        return self._send_offering()

    def _glare_over(self) -> list[UserAction]:
        if self._offering is None or self._offering.sent is not None:
            return []
        if self._incoming is not None or self._unacked is not None:  # the peer's offer came first: wait for it
            return [StartTimer(Timer.GLARE, self._glare_wait_s())]
        return self._send_offering()

    def _glare_wait_s(self) -> float:
        """RFC 3261 §14.1: the owner of the Call-ID waits 2.1 to 4 s, the other 0 to 2 s, in steps of 10 ms."""
        jitter = self.agent.jitter()
        wait_s = 2.1 + 1.9 * jitter if self.began_it else 2.0 * jitter
        return round(wait_s, 2)

    # -- both ----------------------------------------------------------------------------------------------------

    def _note_peer(self, message: Message) -> None:
        """Remember from Allow whether the peer takes UPDATE."""
        if "Allow" in message.fields:
            self._peer_updates = "UPDATE" in message.tokens("Allow")

    def _settled(self, request: Request, body: bytes) -> None:
        """Our description went out in answer to the peer's, or as our offer."""
        self.local_sdp = body
        self.remote_sdp = request.sdp or self.remote_sdp

    def _drop_pending(self) -> list[UserAction]:
        """End both directions' offers and the session timer, as the dialog does."""
        actions: list[UserAction] = [*stop_session()]
        if self._unacked is not None:
            self._unacked = None
            actions += [StopTimer(Timer.ACCEPT_RESEND), StopTimer(Timer.ACCEPT_GIVE_UP)]
        if self._incoming is not None:
            actions.append(Respond(self._incoming, make_response(self._incoming, 487)))
            self._incoming = None
        waiting, self._next_offering = self._next_offering, None
        if self._offering is not None:
            actions += self._offering_done(487, REASON_PHRASES[487])
        if waiting is not None:
            actions.append(Notify(ReinviteResult(487, REASON_PHRASES[487])))
        return actions
