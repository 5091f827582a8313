"""A leg that came in: an INVITE to be rung, answered or refused."""

import asyncio
import contextlib
import logging
import re
from collections.abc import Callable

from telephony.causes import Cause
from telephony.errors import LegStateWrong
from telephony.legs import LegFacts, LegMedia, LineLeg
from telephony.ports import LegEnded, LegState
from telephony.sip import Answer, DialogEnd, IncomingInvite, InviteEvents, RemoteOffer, SipError
from vocabulary.audio_frame import AudioFile
from vocabulary.clock import Clock

log = logging.getLogger(__name__)

_INFO_KEY = re.compile(rb"^\s*(?:Signal\s*=\s*)?([0-9A-D*#])\s*$", re.MULTILINE | re.IGNORECASE)


def key_of_info(content_type: str, body: bytes) -> str | None:
    """The key in an INFO: ``application/dtmf-relay`` (``Signal=5``) or ``application/dtmf`` (``5``)."""
    if not content_type.lower().startswith("application/dtmf"):
        return None
    found = _INFO_KEY.search(body)
    return found.group(1).decode("ascii").upper() if found else None


class InboundLeg(LineLeg):
    """The caller of an inbound call; ring() and answer() are its own.

    Args:
        invite: the INVITE; the leg sets its events.
    """

    def __init__(
        self,
        invite: IncomingInvite,
        facts: LegFacts,
        media: LegMedia,
        clock: Clock,
        on_end: Callable[[LineLeg], None],
    ) -> None:
        super().__init__(facts, media, clock, on_end)
        self._invite = invite
        self._answer: Answer | None = None
        self._confirmed = asyncio.Event()
        self._early: asyncio.Task[object] | None = None
        invite.events = _Events(self)

    async def open(self) -> None:
        """Bind media and check the offer, before anybody is told of the call.

        Raises:
            SipError: the offer cannot be answered; carries the status.
            MediaUnavailable: no port.
        """
        await self.line.open()
        if self.state is LegState.ENDED:  # the caller gave up meanwhile
            self.line.close()
            raise LegEnded(self.cause or Cause.CANCELLED)
        if self._invite.sdp is not None:
            self._answer = self.line.consider(self._invite.sdp)

    async def ring(self, early_media: AudioFile | None = None) -> None:
        """See Leg."""
        self._check_alive()
        if self.talking:
            raise LegStateWrong("an answered leg does not ring")
        if early_media is None or not self.open_early_media():
            self.ring_now()
            return
        playing = self.line.play((early_media,), stop_on="", repeat=True, gap_s=0.0)
        self._early = asyncio.create_task(playing, name=f"early media of leg {self.id}")

    def ring_now(self) -> None:
        """180, without early media."""
        self.rang_at = self.rang_at or self._clock.now()
        self._invite.progress(180)
        if self.state is LegState.CALLING:
            self.state = LegState.RINGING

    def open_early_media(self) -> bool:
        """183 with our answer, so that audio flows before the call is answered; False without an offer to answer."""
        if self._answer is None:
            return False
        if self.state in (LegState.CALLING, LegState.RINGING):
            self.rang_at = self.rang_at or self._clock.now()
            self._invite.progress(183, self._answer.sdp)
            self.line.agree(self._answer)
            self.state = LegState.EARLY
        return self.state is LegState.EARLY

    async def answer(self) -> None:
        """See Leg."""
        self._check_alive()
        if self.talking:
            return
        await self._stop_early_media()
        self._check_alive()
        if self._invite.sdp is None:
            await self._answer_with_offer()
            return
        assert self._answer
        if not self._invite.accept(self._answer.sdp):
            self.finish(Cause.CANCELLED)
            self._check_alive()
        self._answered()
        self.line.agree(self._answer)
        self._settle_hold()

    async def _answer_with_offer(self) -> None:
        if not self._invite.accept(self.line.offer()):
            self.finish(Cause.CANCELLED)
            self._check_alive()
        self._answered()
        waiting = [
            asyncio.create_task(self._confirmed.wait(), name=f"ACK of leg {self.id}"),
            asyncio.create_task(self.ended(), name=f"end of leg {self.id}"),
        ]
        try:  # bounded: without an ACK signalling ends the dialog after 64*T1 (RFC 3261 §13.3.1.4)
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        self._check_alive()

    def _answered(self) -> None:
        self.state = LegState.ANSWERED
        self.answered_at = self._clock.now()

    async def _stop_early_media(self) -> None:
        early, self._early = self._early, None
        if early is not None:
            self.line.stop_playing()
            early.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await early

    @property
    def dialog(self) -> IncomingInvite:
        """See LineLeg."""
        return self._invite

    def say_goodbye(self, cause: Cause) -> None:
        """See LineLeg."""
        if self.talking:
            self._invite.bye(q850=cause.q850, text=cause.name)
            return
        # a call that is let go before its answer needs a refusal: 480 where the cause itself is a success
        status = cause.sip_status if cause.sip_status >= 300 else Cause.NO_ANSWER.sip_status
        self.sip_status = status
        self._invite.reject(status, q850=cause.q850, warning=cause.name)

    def refuse(self, status: int, cause: Cause, warning: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        """Refuse the call at the door, saying why."""
        if self.state is LegState.ENDED:
            return
        self.sip_status = status
        self._invite.reject(status, q850=cause.q850, warning=warning, headers=headers)
        self.finish(cause)

    def finish(self, cause: Cause) -> None:
        """See LineLeg."""
        early, self._early = self._early, None
        if early is not None:
            early.cancel()
        super().finish(cause)

    # what the line tells

    def cancelled(self) -> None:
        """The caller gave up before the answer."""
        self.sip_status = Cause.CANCELLED.sip_status
        self.finish(Cause.CANCELLED)

    def acked(self, sdp: str | None) -> None:
        """The ACK came, with the answer if the offer was ours."""
        if self._confirmed.is_set() or self._invite.sdp is not None:
            if sdp is not None:
                self.reanswered(sdp)
            return
        if sdp is None:
            log.warning("ACK without the answer that was due", extra={"leg": self.id})
            self.end(Cause.NO_COMMON_CODEC)
            return
        try:
            self.line.answered(sdp)
        except SipError:
            log.warning("answer in the ACK is unusable", extra={"leg": self.id}, exc_info=True)
            self.end(Cause.NO_COMMON_CODEC)
            return
        self._confirmed.set()
        self._settle_hold()


class _Events(InviteEvents):
    """Signalling's words to the leg."""

    def __init__(self, leg: InboundLeg) -> None:
        self._leg = leg

    def cancelled(self, reason: str) -> None:
        self._leg.cancelled()

    def acked(self, sdp: str | None) -> None:
        self._leg.acked(sdp)

    def offered(self, offer: RemoteOffer) -> None:
        self._leg.offered(offer)

    def info(self, content_type: str, body: bytes) -> None:
        if key := key_of_info(content_type, body):
            self._leg.pressed(key)

    def ended(self, end: DialogEnd) -> None:
        self._leg.dialog_ended(end)
