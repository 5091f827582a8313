"""The callee: one INVITE that came in, from its first byte to the BYE."""

from telephony.sip.core.actions import (
    Cancelled,
    Failure,
    Forget,
    Notify,
    Respond,
    StartTimer,
    StopTimer,
    UserAction,
)
from telephony.sip.core.dialog import Dialog, DialogState
from telephony.sip.core.digest import DigestClient
from telephony.sip.core.invite_usage import ALLOW, InviteUsage, Phase, UserAgent
from telephony.sip.core.message import Request, Response, make_response
from telephony.sip.core.reasons import read_reason, reason_header, warning_header
from telephony.sip.core.timers import Timer

_PROGRESS_AGAIN_S = 60.0
"""RFC 3261 §13.3.1.1: a proxy on the way forgets a call that is silent for three minutes."""

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
        """180 or 183; nothing after a final response."""
        if self.phase is not Phase.INVITING:
            return []
        lines = [("Contact", self.agent.contact), ("Allow", ALLOW), *headers]
        if body:
            lines.append(("Content-Type", "application/sdp"))
        self._progress = make_response(self.invite, status, to_tag=self.local_tag, headers=lines, body=body)
        return [Respond(self.invite, self._progress), StartTimer(Timer.PROGRESS_AGAIN, _PROGRESS_AGAIN_S)]

    def accept(self, body: bytes) -> list[UserAction]:
        """200; nothing if the call is already over. ``phase`` tells which."""
        if self.phase is not Phase.INVITING:
            return []
        self.phase = Phase.ACCEPTED
        self.final = 200
        self.early.state = DialogState.CONFIRMED
        return [StopTimer(Timer.PROGRESS_AGAIN), *self._accept(self.invite, body, first=True)]

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
        if timer is Timer.PROGRESS_AGAIN:
            if self.phase is not Phase.INVITING or self._progress is None:
                return []
            return [Respond(self.invite, self._progress), StartTimer(Timer.PROGRESS_AGAIN, _PROGRESS_AGAIN_S)]
        return super().expired(timer)

    def _give_up(self, reason: str) -> list[UserAction]:
        if self.phase is not Phase.INVITING:
            return []
        response = make_response(self.invite, 487, to_tag=self.local_tag)
        *send, forget = self._end_early(response)
        return [*send, Notify(Cancelled(reason)), forget]

    def _end_early(self, response: Response) -> list[UserAction]:
        self.phase = Phase.ENDED
        self.final = response.status
        return [StopTimer(Timer.PROGRESS_AGAIN), *self._drop_pending(), Respond(self.invite, response), Forget()]
