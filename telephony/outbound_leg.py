"""A leg that we ring: one or several INVITEs at once, the first answer wins."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass

from telephony.causes import Cause, cause_of_response
from telephony.inbound_leg import key_of_info
from telephony.legs import LegFacts, LegMedia, LineLeg
from telephony.ports import CallFailed, LegEnded, LegState
from telephony.sip import (
    Credentials,
    DialogEnd,
    Hop,
    InviteDialog,
    InviteEvents,
    InviteFailed,
    OutgoingInvite,
    Provisional,
    RemoteOffer,
    SipEndpoint,
    SipError,
)
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

_WEIGHT = (Cause.REFUSED, Cause.BUSY, Cause.NOT_FOUND, Cause.GONE, Cause.FORBIDDEN, Cause.NO_COMMON_CODEC)
"""Of several refusals the first of these tells most about the called party; others say little more than "no"."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Where one INVITE goes; see SipEndpoint.invite.

    Attributes:
        target: request URI.
        hop: next hop; None resolves the target's host.
        caller: user part of From.
        caller_host: host part of From; "" is our own.
        asserted_identity: URI for P-Asserted-Identity; None towards phones.
        credentials: for the trunk's challenge.
    """

    target: str
    hop: Hop | None
    caller: str
    caller_host: str = ""
    asserted_identity: str | None = None
    credentials: Credentials | None = None


class OutboundLeg(LineLeg):
    """A party that we ring, by all its attempts at once over one RTP port.

    Args:
        endpoint: sends the INVITEs.
        on_progress: told when the party rings or early media flows.
    """

    def __init__(
        self,
        endpoint: SipEndpoint,
        facts: LegFacts,
        media: LegMedia,
        clock: Clock,
        on_end: Callable[[LineLeg], None],
        on_progress: Callable[["OutboundLeg"], None] | None = None,
    ) -> None:
        super().__init__(facts, media, clock, on_end)
        self._endpoint = endpoint
        self._on_progress = on_progress
        self._ringing: dict[OutgoingInvite, None] = {}
        self._dialog: OutgoingInvite | None = None
        self._early_fork: str | None = None
        self._refusals: list[InviteFailed] = []
        self._result: asyncio.Future[None] | None = None

    async def call_out(self, attempts: tuple[Attempt, ...], *, ring_s: float) -> None:
        """Ring all attempts and return when one has answered.

        Raises:
            CallFailed: none did, or the leg was ended meanwhile.
            MediaUnavailable: no port.
        """
        await self.line.open()
        if self.state is LegState.ENDED:
            self.line.close()
            raise CallFailed(self.cause or Cause.CANCELLED)
        offer = self.line.offer()
        self._result = asyncio.get_running_loop().create_future()
        for attempt in attempts:
            self._send(attempt, offer)
        try:
            async with asyncio.timeout(ring_s):
                await self._result
        except TimeoutError as error:
            self.end(Cause.NO_ANSWER)
            raise CallFailed(Cause.NO_ANSWER, 408) from error
        except asyncio.CancelledError:
            self.end(Cause.CANCELLED)
            raise
        except LegEnded as ended:
            raise CallFailed(ended.cause, self.sip_status) from ended

    def _send(self, attempt: Attempt, offer: str) -> None:
        events = _Events(self)
        events.invite = self._endpoint.invite(
            attempt.target,
            caller=attempt.caller,
            events=events,
            sdp=offer,
            hop=attempt.hop,
            caller_host=attempt.caller_host,
            asserted_identity=attempt.asserted_identity,
            credentials=attempt.credentials,
            account=self.facts.account,
            trunk=self.facts.trunk,
        )
        self._ringing[events.invite] = None

    @property
    def dialog(self) -> InviteDialog | None:
        """See LineLeg."""
        return self._dialog

    def say_goodbye(self, cause: Cause) -> None:
        """See LineLeg."""
        if self._dialog is not None:
            self._dialog.bye(q850=cause.q850, text=cause.name)
        self._cancel_ringing(cause)

    def _cancel_ringing(self, cause: Cause) -> None:
        ringing, self._ringing = self._ringing, {}
        for invite in ringing:
            invite.cancel(q850=cause.q850, text=cause.name)

    def finish(self, cause: Cause) -> None:
        """See LineLeg."""
        super().finish(cause)
        if self._result is not None and not self._result.done():
            self._result.set_exception(LegEnded(cause))
            self._result.exception()  # call_out() may have left already

    # what the line tells

    def provisional(self, event: Provisional) -> None:
        """One attempt rings, or its early media begins."""
        if self.state is LegState.ENDED or self.talking:
            return
        self.rang_at = self.rang_at or self._clock.now()
        if event.sdp is not None and self._early_fork is None:
            self._open_early_media(event.fork, event.sdp)
        elif self.state is LegState.CALLING:
            self.state = LegState.RINGING
        if self._on_progress:
            self._on_progress(self)

    def _open_early_media(self, fork: str, sdp: str) -> None:
        try:
            self.line.answered(sdp)
        except SipError:
            log.warning("early answer is unusable", extra={"leg": self.id}, exc_info=True)
            return
        self._early_fork = fork
        self.state = LegState.EARLY

    def answered(self, invite: OutgoingInvite, sdp: str | None, fork: str) -> None:
        """One attempt was answered: it is the leg, the others are cancelled."""
        self._ringing.pop(invite, None)
        if self.state is LegState.ENDED or self._dialog is not None:
            invite.bye(q850=26, text="answered elsewhere")  # Q.850 26: non-selected user clearing
            return
        self._dialog = invite
        self._cancel_ringing(Cause.NORMAL)
        try:
            if sdp is not None:
                self.line.answered(sdp)
            elif self.line.agreement is None or fork != self._early_fork:
                log.warning("answered without a description", extra={"leg": self.id})
                self.end(Cause.NO_COMMON_CODEC)
                return
        except SipError:
            log.warning("answer is unusable", extra={"leg": self.id}, exc_info=True)
            self.end(Cause.NO_COMMON_CODEC)
            return
        self.state = LegState.ANSWERED
        self.answered_at = self._clock.now()
        self._settle_hold()
        if self._result is not None and not self._result.done():
            self._result.set_result(None)

    def failed(self, invite: OutgoingInvite, event: InviteFailed) -> None:
        """One attempt was refused; with the last one the leg ends."""
        if invite not in self._ringing or self.state is LegState.ENDED:
            return  # cancelled by us
        del self._ringing[invite]
        self._refusals.append(event)
        if self._ringing or self._dialog is not None:
            return
        causes = [cause_of_response(each.status, each.q850) for each in self._refusals]
        told = next((cause for cause in _WEIGHT if cause in causes), causes[0])
        self.sip_status = self._refusals[causes.index(told)].status
        self.finish(told)


class _Events(InviteEvents):
    """Signalling's words about one attempt."""

    invite: OutgoingInvite

    def __init__(self, leg: OutboundLeg) -> None:
        self._leg = leg

    def provisional(self, event: Provisional) -> None:
        self._leg.provisional(event)

    def answered(self, sdp: str | None, fork: str) -> None:
        self._leg.answered(self.invite, sdp, fork)

    def failed(self, event: InviteFailed) -> None:
        self._leg.failed(self.invite, event)

    def acked(self, sdp: str | None) -> None:
        if sdp is not None:
            self._leg.reanswered(sdp)

    def offered(self, offer: RemoteOffer) -> None:
        self._leg.offered(offer)

    def info(self, content_type: str, body: bytes) -> None:
        if key := key_of_info(content_type, body):
            self._leg.pressed(key)

    def ended(self, end: DialogEnd) -> None:
        if self.invite is self._leg.dialog:
            self._leg.dialog_ended(end)
