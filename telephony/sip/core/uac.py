"""The caller: one INVITE of ours, its forks, its answer, its CANCEL."""

from enum import Enum

from telephony.sip.core.actions import (
    Answered,
    Failure,
    Forget,
    Notify,
    Respond,
    SendAck,
    SendRequest,
    StartTimer,
    StopTimer,
    UserAction,
)
from telephony.sip.core.dialog import Dialog
from telephony.sip.core.dialog_usage import prove, renumbered
from telephony.sip.core.digest import DigestClient, read_challenges
from telephony.sip.core.errors import MessageMalformed, WrongState
from telephony.sip.core.events import EndedBy, InviteFailed, Provisional
from telephony.sip.core.headers import parse_name_addr
from telephony.sip.core.invite_usage import InviteUsage
from telephony.sip.core.message import REASON_PHRASES, Request, Response, make_response
from telephony.sip.core.reasons import ANSWERED_ELSEWHERE, read_reason, read_retry_after, reason_header
from telephony.sip.core.reliable import ReliableReceiver, read_rseq
from telephony.sip.core.timers import Timer
from telephony.sip.core.user_agent import SUPPORTED, Phase, UserAgent

_ENDLESS_RINGING_S = 600.0
"""The owner bounds its ringing; this bounds an owner that forgot (cf. timer C, RFC 3261 §16.6)."""


class Cancelling(Enum):
    """How far cancel() has come (RFC 3261 §9.1)."""

    NO = "no"
    WANTED = "wanted"  # no provisional response yet: CANCEL must wait for one
    SENT = "sent"


class Uac(InviteUsage):
    """Sends one INVITE and lives on as the dialog of the fork that answers first (RFC 3261 §13.2).

    Args:
        invite: the request without Via; From carries our tag.
        agent: what the endpoint's dialogs share.
        digest: credentials for 401 and 407; None gives up at a challenge.
    """

    def __init__(self, invite: Request, agent: UserAgent, digest: DigestClient | None = None) -> None:
        super().__init__(agent, digest)
        self.invite = invite
        self.began_it = True
        self.cancelling = Cancelling.NO
        self.answer_due = False  # the 2xx held the peer's offer, and ack() has not been called
        self._provisional_came = False
        self._forks: dict[str, Dialog] = {}
        self._cancel_headers: tuple[tuple[str, str], ...] = ()
        self._late_ends: set[str] = set()  # forks that answered too late and were ended
        self._reliable: dict[str, ReliableReceiver] = {}  # by fork
        self._early_offer: tuple[str, int] | None = None  # fork and RSeq of a reliable offer without answer
        self._early_answers: set[str] = set()  # forks whose early offer was answered
        self._extensions = {"timer", "100rel"} if agent.reliable else {"timer"}
        self.local_sdp = invite.body
        for name, value in (("Allow", agent.allow), *self._wishes()):
            invite.fields[name] = [value]

    @property
    def local_tag(self) -> str:
        """Our tag; with the Call-ID it names every dialog of this call."""
        return self.invite.from_tag

    def start(self) -> list[UserAction]:
        """Send the INVITE."""
        return [SendRequest(self.invite), StartTimer(Timer.C, _ENDLESS_RINGING_S)]

    def cancel(self, *, q850: int = 16, text: str = "", answered_elsewhere: bool = False) -> list[UserAction]:
        """Give up before the answer; waits for a provisional response (RFC 3261 §9.1)."""
        if self.phase is not Phase.INVITING or self.cancelling is not Cancelling.NO:
            return []
        self.cancelling = Cancelling.WANTED
        self._cancel_headers = (ANSWERED_ELSEWHERE if answered_elsewhere else reason_header(q850, text),)
        return self._send_cancel() if self._provisional_came else []

    def ack(self, body: bytes) -> list[UserAction]:
        """Answer the peer's offer: that of the 2xx by ACK, that of a reliable provisional response by PRACK.

        Raises:
            WrongState: none is due.
        """
        if self._early_offer is not None and self.phase is Phase.INVITING:
            (fork, number), self._early_offer = self._early_offer, None
            self._early_answers.add(fork)
            self.local_sdp = body
            return [self._prack(self._forks[fork], number, body)]
        if not self.answer_due or self.dialog is None:
            raise WrongState("no answer is due")
        self.answer_due = False
        self.local_sdp = body
        return [SendAck(self.dialog.ack(self.invite, body=body, content_type="application/sdp"))]

    def dialog_of(self, request: Request) -> Dialog | None:
        """See DialogUsage; each fork has its own."""
        return self._forks.get(request.to_tag) or super().dialog_of(request)

    def receive(self, request: Request) -> list[UserAction]:
        """See InviteUsage; a fork that only rings may renew its target by UPDATE (RFC 3311 §5.2)."""
        fork = self._forks.get(request.from_tag)
        if self.phase is not Phase.INVITING or fork is None or request.method != "UPDATE":
            return super().receive(request)
        if not fork.in_order(request):
            return [Respond(request, make_response(request, 500, "Request Out Of Order"))]
        if request.sdp is not None:  # early media follows the answer that came first
            return [Respond(request, make_response(request, 488))]
        fork.refresh_target(request)
        headers = (("Contact", self.agent.contact), ("Allow", self.agent.allow))
        return [Respond(request, make_response(request, 200, headers=headers))]

    def bye(self, *, q850: int = 16, text: str = "", by: EndedBy = EndedBy.LOCAL) -> list[UserAction]:
        """See InviteUsage; a 2xx that still waits for its ACK gets one first."""
        if self.answer_due and self.dialog is not None:
            self.answer_due = False
            return [SendAck(self.dialog.ack(self.invite)), *super().bye(q850=q850, text=text, by=by)]
        return super().bye(q850=q850, text=text, by=by)

    def response(self, request: Request, response: Response) -> list[UserAction]:
        """A response to any request of ours."""
        if request.method == "CANCEL":
            return []
        if request.method == "BYE" and self.dialog is not None and request.fields["To"][0] != self.dialog.remote:
            return []  # of a fork that answered too late
        if request.method != "INVITE" or request.cseq.number != self.invite.cseq.number:
            return super().response(request, response)
        if response.status < 200:
            return self._provisional(response)
        if response.status < 300:
            return self._accepted(response)
        return self._refused(response) if self.phase is Phase.INVITING else []

    def failed(self, request: Request, failure: Failure) -> list[UserAction]:
        """No final response came."""
        if request.method == "CANCEL" or (request.method == "BYE" and self.phase is not Phase.CLOSING):
            return []
        if request is not self.invite:
            return super().failed(request, failure)
        if self.phase is not Phase.INVITING:
            return []
        status = 487 if self.cancelling is not Cancelling.NO else 408 if failure is Failure.TIMED_OUT else 503
        return self._give_up(InviteFailed(status, REASON_PHRASES[status]))

    def expired(self, timer: Timer) -> list[UserAction]:
        """See InviteUsage."""
        if timer is Timer.C:
            return self.cancel(q850=19, text="rang for too long")
        if timer is Timer.CANCEL_GIVE_UP:
            if self.phase is not Phase.INVITING:
                return []
            return self._give_up(InviteFailed(487, REASON_PHRASES[487]))
        return super().expired(timer)

    def _provisional(self, response: Response) -> list[UserAction]:
        if self.phase is not Phase.INVITING:
            return []
        self._provisional_came = True
        actions: list[UserAction] = []
        if self.cancelling is Cancelling.WANTED:
            actions += self._send_cancel()
        fork = response.to_tag
        if response.status == 100 or self.cancelling is not Cancelling.NO:
            return actions
        if fork and fork not in self._forks and len(self._forks) < 32:
            try:
                self._forks[fork] = self._new_dialog(response)
            except MessageMalformed:
                return actions
        number = read_rseq(response)
        dialog = self._forks.get(fork)
        if number is not None and dialog is not None:
            if not self._reliable.setdefault(fork, ReliableReceiver()).takes(number):
                return actions
            if response.sdp is not None and not self.invite.body and fork not in self._early_answers:
                self._early_offer = fork, number
            else:
                actions.append(self._prack(dialog, number))
        offers = self._early_offer is not None and self._early_offer[0] == fork and response.sdp is not None
        return [*actions, Notify(Provisional(fork, response.status, response.reason, response.sdp, offers))]

    def _prack(self, dialog: Dialog, number: int, body: bytes = b"") -> SendRequest:
        rack = (("RAck", f"{number} {self.invite.cseq.number} INVITE"),)
        return SendRequest(self._proved_request("PRACK", rack, body, "application/sdp", dialog=dialog))

    def _accepted(self, response: Response) -> list[UserAction]:
        fork = response.to_tag
        if self.dialog is not None and fork == self.dialog.remote_tag:  # the 2xx again
            again = self.dialog.acked(self.invite)
            return [SendAck(again)] if again is not None else []
        try:
            dialog = self._forks.get(fork) or self._new_dialog(response)
        except MessageMalformed:
            dialog = None
        if dialog is None:
            return self._give_up(InviteFailed(502, "200 without a usable Contact"))
        self._forks[fork] = dialog
        dialog.confirm(response)
        if self.phase is not Phase.INVITING or self.cancelling is not Cancelling.NO:
            return self._end_late(dialog)
        self.phase = Phase.CONFIRMED
        self.dialog = dialog
        self._forks = {fork: dialog}
        self.answer_due = not self.invite.body and fork not in self._early_answers
        self.remote_sdp = response.sdp
        self._note_peer(response)
        self.session.agreed(response)
        ack: list[UserAction] = [] if self.answer_due else [SendAck(dialog.ack(self.invite))]
        return [StopTimer(Timer.C), *ack, *self.session.start(), Notify(Answered(response.sdp, fork))]

    def _end_late(self, dialog: Dialog) -> list[UserAction]:
        """A fork answered after another one, or after our CANCEL: ACK, then BYE (RFC 3261 §13.2.2.4)."""
        ack = SendAck(dialog.ack(self.invite))
        if dialog.remote_tag in self._late_ends:
            return [ack]
        self._late_ends.add(dialog.remote_tag)
        bye = dialog.request("BYE", headers=self._cancel_headers)
        actions: list[UserAction] = [ack, SendRequest(bye)]
        if self.phase is Phase.INVITING:
            actions += self._give_up(InviteFailed(487, REASON_PHRASES[487]))
        return actions

    def _refused(self, response: Response) -> list[UserAction]:
        if response.status in (401, 407) and self.cancelling is Cancelling.NO and self.digest is not None:
            name = "WWW-Authenticate" if response.status == 401 else "Proxy-Authenticate"
            number = self.invite.cseq.number
            if self.digest.challenged(
                response.status, read_challenges(response.fields.get(name, [])), answered_before=number in self._proved
            ):
                self._proved.add(number + 1)
                return self._try_again(prove(self.invite, number + 1, self.digest))
        if self.cancelling is Cancelling.NO and self._learned_from(response):
            return self._try_again(renumbered(self.invite, self.invite.cseq.number + 1, self._wishes()))
        q850, _ = read_reason(response)
        return self._give_up(
            InviteFailed(
                response.status,
                response.reason,
                q850,
                response.get("Warning"),
                read_retry_after(response),
                _contacts(response) if response.status < 400 else (),
            )
        )

    def _learned_from(self, response: Response) -> bool:
        """Whether another try may meet what the refusal asks for: a longer session, or an extension that we know."""
        if response.status == 422:
            return self.session.refused(response)
        wanted = response.tokens("Require")
        if response.status != 421 or not wanted or not wanted <= SUPPORTED or wanted <= self._extensions:
            return False
        self._extensions |= wanted
        return True

    def _wishes(self) -> list[tuple[str, str]]:
        return [("Supported", ", ".join(sorted(self._extensions, reverse=True))), *self.session.wish()]

    def _try_again(self, invite: Request) -> list[UserAction]:
        self.invite = invite
        self._forks.clear()
        self._reliable.clear()
        self._early_offer = None
        self._provisional_came = False
        return [SendRequest(invite)]

    def _give_up(self, event: InviteFailed) -> list[UserAction]:
        if self.phase is not Phase.INVITING:
            return []
        self.phase = Phase.ENDED
        return [Notify(event), Forget()]

    def _send_cancel(self) -> list[UserAction]:
        self.cancelling = Cancelling.SENT
        cancel = cancel_of(self.invite, self._cancel_headers)
        return [SendRequest(cancel), StartTimer(Timer.CANCEL_GIVE_UP, self.agent.timers.give_up_s)]

    def _new_dialog(self, response: Response) -> Dialog:
        return Dialog.as_caller(self.invite, response, self.agent.contact, self.agent.product)


def cancel_of(invite: Request, headers: tuple[tuple[str, str], ...] = ()) -> Request:
    """The CANCEL of a sent INVITE: its Via, route, To and number (RFC 3261 §9.1)."""
    source = invite.fields
    fields: dict[str, list[str]] = {
        name: list(source[name]) for name in ("Via", "From", "To", "Call-ID", "Route") if name in source
    }
    fields["CSeq"] = [f"{invite.cseq.number} CANCEL"]
    fields["Max-Forwards"] = ["70"]
    for name, value in headers:
        fields[name] = [value]
    return Request("CANCEL", invite.uri, fields)


def _contacts(response: Response) -> tuple[str, ...]:
    found = []
    for value in response.get_list("Contact"):
        try:
            found.append(parse_name_addr(value).uri_text)
        except MessageMalformed:
            continue
    return tuple(found)
