"""What inbound and outbound legs have in common: state, audio, keys and the end."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime

from telephony.call_record import LegRecord
from telephony.causes import Cause, cause_of_bye
from telephony.errors import LegStateWrong
from telephony.leg_digits import DigitFan
from telephony.media import MediaWorker
from telephony.media_line import MediaLine
from telephony.ports import Direction, LegEnded, LegState, Played
from telephony.sip import DialogEnd, EndedBy, InviteDialog, MediaDirection, RemoteOffer, SipError
from vocabulary.audio_frame import AudioFile
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)

_BY_END = {
    EndedBy.ACK_MISSING: Cause.ACK_MISSING,
    EndedBy.PEER_LOST: Cause.TIMED_OUT,
    EndedBy.SHUT_DOWN: Cause.SHUT_DOWN,
}


@dataclass(frozen=True, slots=True)
class LegMedia:
    """Where legs get their audio from.

    Attributes:
        worker: the media worker.
        advertised_host: numeric address put into SDP.
        rtp_timeout_s: silence of the line that ends a leg.
    """

    worker: MediaWorker
    advertised_host: str
    rtp_timeout_s: float = 30.0


@dataclass(frozen=True, slots=True)
class LegFacts:
    """What is known of a leg when it begins; see LegRecord."""

    call: str
    direction: Direction
    dialled: str
    number: PhoneNumber | None = None
    account: str | None = None
    trunk: str | None = None


class LineLeg:
    """One party's line; implements what is common of ``ports.Leg``.

    Args:
        facts: see LegFacts.
        media: see LegMedia.
        clock: stamps the record.
        on_end: told once, when the leg has ended.
    """

    def __init__(self, facts: LegFacts, media: LegMedia, clock: Clock, on_end: Callable[["LineLeg"], None]) -> None:
        self.id = new_id(clock)
        self.facts = facts
        self.state = LegState.CALLING
        self.cause: Cause | None = None
        self.sip_status: int | None = None
        self.setup_at: datetime = clock.now()
        self.rang_at: datetime | None = None
        self.answered_at: datetime | None = None
        self.ended_at: datetime | None = None
        self.bridged_s = 0.0
        self._clock = clock
        self._media = media
        self._on_end = on_end
        self._fan = DigitFan()
        self._over = asyncio.Event()
        self._held_here = False
        self._parting = Cause.NORMAL
        self.line = MediaLine(
            media.worker,
            self.id,
            advertised_host=media.advertised_host,
            rtp_timeout_s=media.rtp_timeout_s,
            on_digit=self._fan.press,
            on_timeout=lambda: self.end(Cause.RTP_TIMED_OUT),
            on_lost=lambda: self.end(Cause.MEDIA_LOST),
        )

    @property
    def direction(self) -> Direction:
        """See Leg."""
        return self.facts.direction

    @property
    def number(self) -> PhoneNumber | None:
        """See Leg."""
        return self.facts.number

    @property
    def account(self) -> str | None:
        """See Leg."""
        return self.facts.account

    @property
    def dialled(self) -> str:
        """See Leg."""
        return self.facts.dialled

    @property
    def trunk(self) -> str | None:
        """See Leg."""
        return self.facts.trunk

    @property
    def talking(self) -> bool:
        """Answered and not ended, held or not."""
        return self.state in (LegState.ANSWERED, LegState.HELD)

    async def ring(self, early_media: AudioFile | None = None) -> None:
        """See Leg; inbound legs do it."""
        raise LegStateWrong("only an inbound leg is rung from this side")

    async def answer(self) -> None:
        """See Leg; inbound legs do it."""
        raise LegStateWrong("only an inbound leg is answered from this side")

    # ------------------------------------------------------------------ audio

    async def play(self, *files: AudioFile, stop_on: str = "", repeat: bool = False, gap_s: float = 0.0) -> Played:
        """See Leg."""
        self._check_audible()
        played = await self.line.play(files, stop_on=stop_on, repeat=repeat, gap_s=gap_s)
        self._check_alive()
        return played

    async def stop_playing(self) -> None:
        """See Leg."""
        self._check_alive()
        self.line.stop_playing()

    async def collect(self, count: int, *, first_s: float, between_s: float, finish: str = "#") -> str:
        """See Leg."""
        self._check_audible()
        pressed = self._fan.subscribe()
        digits = ""
        while len(digits) < count:
            try:
                async with asyncio.timeout(between_s if digits else first_s):
                    digit = await anext(pressed)
            except TimeoutError:
                break
            except StopAsyncIteration:
                self._check_alive()
                break
            if digit == finish:
                break
            digits += digit
        return digits

    def digits(self) -> AsyncIterator[str]:
        """See Leg."""
        return self._fan.subscribe()

    async def listen(self, stream: str, speech_socket: str) -> None:
        """See Leg."""
        self._check_audible()
        self.line.listen(stream, speech_socket)

    async def unlisten(self) -> None:
        """See Leg."""
        if self.state is not LegState.ENDED:
            self.line.unlisten()

    async def send_digits(self, digits: str) -> None:
        """See Leg."""
        self._check_audible()
        await self.line.send_digits(digits)
        self._check_alive()

    def pressed(self, digit: str) -> None:
        """A key that came by signalling (INFO) instead of RFC 4733."""
        self._fan.press(digit)

    # ------------------------------------------------------------------- hold

    async def hold(self) -> None:
        """See Leg."""
        await self._reinvite(held=True)

    async def resume(self) -> None:
        """See Leg."""
        await self._reinvite(held=False)

    async def _reinvite(self, *, held: bool) -> None:
        self._check_alive()
        dialog = self.dialog
        if dialog is None or not self.talking:
            raise LegStateWrong(f"a leg that is {self.state.value} cannot be put on hold")
        direction = MediaDirection.SENDONLY if held else MediaDirection.SENDRECV
        result = await dialog.reinvite(self.line.offer(direction))
        self._check_alive()
        if not result.accepted or result.sdp is None:
            log.warning("hold refused by the far side", extra={"leg": self.id, "status": result.status})
            return
        self.line.answered(result.sdp)
        self._held_here = held
        self._settle_hold()

    def offered(self, offer: RemoteOffer) -> None:
        """The far side describes its audio anew: hold, resume, another address."""
        try:
            if offer.sdp is None:
                offer.accept(self.line.offer())
                return
            answer = self.line.consider(offer.sdp)
        except SipError as refused:
            offer.reject(getattr(refused, "status", 488), warning=str(refused))
            return
        offer.accept(answer.sdp)
        self.line.agree(answer)
        self._settle_hold()

    def reanswered(self, sdp: str) -> None:
        """The ACK brought the answer to an offer of ours that the far side had asked for."""
        try:
            self.line.answered(sdp)
        except SipError:
            log.warning("answer in the ACK is unusable", extra={"leg": self.id}, exc_info=True)
            self.end(Cause.NO_COMMON_CODEC)
            return
        self._settle_hold()

    def _settle_hold(self) -> None:
        there = self.line.agreement is not None and self.line.agreement.on_hold
        state = LegState.HELD if there or self._held_here else LegState.ANSWERED
        if self.talking and state is not self.state:
            self.state = state
            self.line.suspend_timeout(state is LegState.HELD)  # whoever is on hold may be silent

    # -------------------------------------------------------------------- end

    @property
    def dialog(self) -> InviteDialog | None:
        """The SIP dialog that carries the leg, if there is one."""
        raise NotImplementedError

    def say_goodbye(self, cause: Cause) -> None:
        """Tell the far side that the leg ends: BYE, CANCEL or a final response."""
        raise NotImplementedError

    async def hangup(self, cause: Cause = Cause.NORMAL) -> None:
        """See Leg."""
        self.end(cause)

    def end(self, cause: Cause) -> None:
        """End the leg from this side; does nothing on an ended one."""
        if self.state is LegState.ENDED:
            return
        self._parting = cause
        try:
            self.say_goodbye(cause)
        except SipError:
            log.warning("leg ended without a goodbye", extra={"leg": self.id}, exc_info=True)
        self.finish(cause)

    def dialog_ended(self, end: DialogEnd) -> None:
        """The answered dialog is over."""
        if end.by is EndedBy.LOCAL:  # told while our BYE goes out
            self.finish(self._parting)
            return
        self.finish(cause_of_bye(end.q850) if end.by is EndedBy.PEER else _BY_END[end.by])

    def finish(self, cause: Cause) -> None:
        """The leg has ended, whoever did it; only the first time counts."""
        if self.state is LegState.ENDED:
            return
        self.state = LegState.ENDED
        self.cause = cause
        self.ended_at = self._clock.now()
        self.line.close()
        self._fan.end()
        self._over.set()
        self._on_end(self)

    async def ended(self) -> Cause:
        """See Leg."""
        await self._over.wait()
        assert self.cause
        return self.cause

    def record(self) -> LegRecord:
        """The record of the ended leg; call ``line.closed()`` first for its counters."""
        counters = self.line.counters
        return LegRecord(
            leg=self.id,
            call=self.facts.call,
            direction=self.facts.direction,
            account=self.facts.account,
            trunk=self.facts.trunk,
            dialled=self.facts.dialled,
            setup_at=self.setup_at,
            rang_at=self.rang_at,
            answered_at=self.answered_at,
            ended_at=self.ended_at or self._clock.now(),
            cause=self.cause or Cause.SERVER_ERROR,
            sip_status=self.sip_status,
            bridged_s=round(self.bridged_s, 3),
            packets_received=counters.packets_in,
            packets_sent=counters.packets_out,
            packets_lost=counters.lost,
        )

    # ------------------------------------------------------------------ checks

    def _check_alive(self) -> None:
        if self.state is LegState.ENDED:
            assert self.cause
            raise LegEnded(self.cause)

    def _check_audible(self) -> None:
        self._check_alive()
        if self.state not in (LegState.EARLY, LegState.ANSWERED, LegState.HELD):
            raise LegStateWrong(f"a leg that is {self.state.value} has no audio")
