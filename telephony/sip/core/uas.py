"""The callee: one INVITE that came in, from its first byte to the BYE."""

from dataclasses import dataclass

from telephony.sip.core.actions import (
    Cancelled,
    Failure,
    Forget,
    Notify,
    ReinviteAcked,
    Respond,
    StartTimer,
    StopTimer,
    UserAction,
)
from telephony.sip.core.dialog import Dialog, DialogState
from telephony.sip.core.digest import DigestClient
from telephony.sip.core.events import DialogEnd, EndedBy
from telephony.sip.core.invite_usage import InviteUsage
from telephony.sip.core.message import Request, Response, make_response
from telephony.sip.core.reasons import read_reason, reason_header, warning_header
from telephony.sip.core.reliable import ReliableSender, stop_resending, wants_reliable
from telephony.sip.core.timers import Timer
from telephony.sip.core.user_agent import Phase, UserAgent

_PROGRESS_AGAIN_S = 60.0
"""RFC 3261 §13.3.1.1: a proxy on the way forgets a call that is silent for three minutes."""

_MOST_QUEUED = 4  # provisional responses that wait for a PRACK

Headers = tuple[tuple[str, str], ...]


class Uas(InviteUsage):
    """Answers one INVITE once, and lives on as its dialog (RFC 3261 §13.3).

    Args:
        invite: the request; its Contact has been checked.
        agent: what the endpoint's dialogs share.
        digest: for requests of ours inside the dialog that are challenged.

    Raises:
        MessageMalformed: no dialog can be made of the INVITE.
    """

    def __init__(self, invite: Request, agent: UserAgent, digest: DigestClient | None = None) -> None:
        super().__init__(agent, digest)
        self.invite = invite
        self.early = Dialog.as_callee(invite, agent.new_token(), agent.contact, agent.product)
        self.dialog = self.early
        self.final: int | None = None
        self._progress: Response | None = None
        self._reliable: ReliableSender | None = None
        if wants_reliable(invite, offered=agent.reliable):
            self._reliable = ReliableSender(int(agent.jitter() * 2**16), agent.timers)
        self._queued: list[_Progress] = []  # wait for the PRACK of the one before
        self._answer_waits: bytes | None = None  # accept() was called before the PRACK of the answer in a 183

    @property
    def local_tag(self) -> str:
        """Our tag; with the Call-ID it names the dialog."""
        return self.early.local_tag

    def trying(self) -> list[UserAction]:
        """100, if nothing has been sent yet (RFC 3261 §17.2.1)."""
        if self.phase is not Phase.INVITING or self._progress is not None:
            return []
        return [Respond(self.invite, make_response(self.invite, 100))]

    def progress(self, status: int, body: bytes = b"", headers: Headers = ()) -> list[UserAction]:
        """180 or 183, reliable where the peer wants it so; nothing after a final response."""
        if self.phase is not Phase.INVITING or self._answer_waits is not None:
            return []
        wanted = _Progress(status, body, headers)
        if self._reliable is None:
            return self._send_progress(wanted, [])
        if not (body or self._reliable.described or self.invite.sdp is not None):
            # the first reliable response would have to bring our offer (RFC 3261 §13.2.1)
            return [] if "100rel" in self.invite.tokens("Require") else self._send_progress(wanted, [])
        if self._reliable.waiting is not None:
            self._queued = [*self._queued[-_MOST_QUEUED:], wanted]
            return []
        return self._send_reliably(self._reliable, wanted)

    def accept(self, body: bytes) -> list[UserAction]:
        """200; nothing if the call is already over. ``phase`` tells which.

        While an answer in a 183 waits for its PRACK the 200 waits too (RFC 3262 §3).
        """
        if self.phase is not Phase.INVITING or self._answer_waits is not None:
            return []
        self._queued.clear()
        if self._reliable is not None and self._reliable.waiting is not None and self._reliable.waiting.body:
            self._answer_waits = body
            return [StopTimer(Timer.PROGRESS_AGAIN)]
        return self._accept_now(body)

    def bye(self, *, q850: int = 16, text: str = "", by: EndedBy = EndedBy.LOCAL) -> list[UserAction]:
        """See InviteUsage; an answer that still waits for a PRACK is taken back."""
        if self._answer_waits is None:
            return super().bye(q850=q850, text=text, by=by)
        *refuse, forget = self.reject(480, q850=q850)
        return [*refuse, Notify(DialogEnd(by, q850, text)), forget]

    def reject(
        self,
        status: int,
        reason: str = "",
        *,
        q850: int | None = None,
        warning: str | None = None,
        headers: Headers = (),
    ) -> list[UserAction]:
        """A final refusal with Reason and Warning; nothing if the call is already over."""
        if self.phase is not Phase.INVITING:
            return []
        lines = [*headers]
        if q850 is not None:
            lines.append(reason_header(q850, reason))
        if warning is not None:
            lines.append(warning_header(self.agent.host, warning))
        lines.append(("Server", self.agent.product))
        return self._end_early(make_response(self.invite, status, reason, to_tag=self.local_tag, headers=lines))

    def cancelled(self, cancel: Request) -> list[UserAction]:
        """A CANCEL for this INVITE came and has been answered 200 (RFC 3261 §9.2); late ones change nothing."""
        _, text = read_reason(cancel)
        return self._give_up(text or "CANCEL")

    def transport_failed(self, failure: Failure) -> list[UserAction]:
        """A response could not be sent, or a refusal was never acknowledged."""
        return self._give_up(failure.value) if self.phase is Phase.INVITING else []

    def receive(self, request: Request) -> list[UserAction]:
        """See InviteUsage; a BYE inside the early dialog ends the call like a CANCEL (RFC 3261 §15)."""
        if request.method == "BYE" and self.phase is Phase.INVITING and self._is_ours(request):
            return [Respond(request, make_response(request, 200)), *self._give_up("BYE before the answer")]
        return super().receive(request)

    def expired(self, timer: Timer) -> list[UserAction]:
        """See InviteUsage."""
        match timer:
            case Timer.PROGRESS_AGAIN:
                return self._progress_again()
            case Timer.RELIABLE_RESEND if self._reliable is not None and (again := self._reliable.resend()):
                return [Respond(self.invite, again), StartTimer(timer, self._reliable.interval_s)]
            case Timer.RELIABLE_GIVE_UP:
                return self._give_up("no PRACK", 504)
            case _:
                return super().expired(timer)

    # -- parts ---------------------------------------------------------------------------------------------------

    def _progress_again(self) -> list[UserAction]:
        if self.phase is not Phase.INVITING or self._progress is None:
            return []
        if self._reliable is not None and "RSeq" in self._progress.fields:  # a new one: this one has its PRACK
            return self.progress(self._progress.status)
        return [Respond(self.invite, self._progress), StartTimer(Timer.PROGRESS_AGAIN, _PROGRESS_AGAIN_S)]

    def _send_progress(self, wanted: "_Progress", more: list[tuple[str, str]]) -> list[UserAction]:
        lines = [("Contact", self.agent.contact), ("Allow", self.agent.allow), *wanted.headers, *more]
        if wanted.body:
            lines.append(("Content-Type", "application/sdp"))
        self._progress = make_response(
            self.invite, wanted.status, to_tag=self.local_tag, headers=lines, body=wanted.body
        )  # fmt: skip
        return [Respond(self.invite, self._progress), StartTimer(Timer.PROGRESS_AGAIN, _PROGRESS_AGAIN_S)]

    def _send_reliably(self, reliable: ReliableSender, wanted: "_Progress") -> list[UserAction]:
        body = b"" if reliable.described else wanted.body
        if body:
            self._settled(self.invite, body)
        actions = self._send_progress(_Progress(wanted.status, body, wanted.headers), reliable.headers())
        assert self._progress is not None
        return [*actions, *reliable.sent(self._progress)]

    def _accept_now(self, body: bytes) -> list[UserAction]:
        self.phase = Phase.ACCEPTED
        self.final = 200
        self.early.state = DialogState.CONFIRMED
        if self._reliable is not None and self._reliable.described:
            body = b""
        stop = [StopTimer(Timer.PROGRESS_AGAIN), *stop_resending()]
        return [*stop, *self._accept(self.invite, body, first=True)]

    def _prack_came(self, request: Request) -> list[UserAction]:
        """RFC 3262 §3; it may bring the answer to an offer of ours, or a further offer (§5)."""
        reliable = self._reliable
        if reliable is None or not reliable.acknowledged(request, self.invite):
            return [Respond(request, make_response(request, 481))]
        actions: list[UserAction] = [*stop_resending()]
        if request.sdp is not None and self.invite.sdp is not None:
            actions += self._offer(request)
        else:
            actions.append(Respond(request, make_response(request, 200)))
            if request.sdp is not None:
                self.remote_sdp = request.sdp
                actions.append(Notify(ReinviteAcked(request.sdp)))
        if self._answer_waits is not None:
            body, self._answer_waits = self._answer_waits, None
            return [*actions, *self._accept_now(body)]
        if self._queued and self.phase is Phase.INVITING:
            actions += self._send_reliably(reliable, self._queued.pop(0))
        return actions

    def _first_answer_given(self) -> bool:
        return super()._first_answer_given() or (self._reliable is not None and self._reliable.settled)

    def _give_up(self, reason: str, status: int = 487) -> list[UserAction]:
        if self.phase is not Phase.INVITING:
            return []
        response = make_response(self.invite, status, to_tag=self.local_tag)
        *send, forget = self._end_early(response)
        return [*send, Notify(Cancelled(reason)), forget]

    def _end_early(self, response: Response) -> list[UserAction]:
        self.phase = Phase.ENDED
        self.final = response.status
        self._answer_waits = None
        stop = [StopTimer(Timer.PROGRESS_AGAIN), *stop_resending()]
        return [*stop, *self._drop_pending(), Respond(self.invite, response), Forget()]


@dataclass(frozen=True, slots=True)
class _Progress:
    """A provisional response that the owner wants sent."""

    status: int
    body: bytes
    headers: Headers
