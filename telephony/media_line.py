"""The audio of one leg: its RTP port, its descriptions and what plays on it, between signalling and media."""

import asyncio
import logging
import secrets
from collections.abc import Callable

from telephony.errors import MediaUnavailable
from telephony.media import (
    AudioArrived,
    ConfigureLeg,
    DigitReceived,
    DigitsSent,
    LegClosed,
    LegCounters,
    LegEvent,
    LegLost,
    LegRefused,
    MediaError,
    MediaWorker,
    PlayEnded,
    RtpTimedOut,
)
from telephony.ports import Played
from telephony.sip import (
    Answer,
    Codec,
    LocalMedia,
    MediaAgreement,
    MediaDirection,
    answer_offer,
    make_offer,
    read_answer,
)
from vocabulary.audio_frame import AudioFile

log = logging.getLogger(__name__)

CLOSED_WITHIN_S = 1.0
"""How long the counters of a closed leg are waited for."""
SEND_DIGIT_S = 0.18
"""One key and the silence after it (telephony/media/messages.py, SendDigits)."""


class MediaLine:
    """One leg of the media worker, and the offer and answer that describe it.

    Args:
        worker: where its audio lives.
        leg: identifier.
        advertised_host: numeric address put into SDP.
        rtp_timeout_s: silence after which ``on_timeout`` is told.
        on_digit: a key was pressed.
        on_timeout: nothing was received for so long.
        on_lost: the worker died.

    Attributes:
        counters: of the RTP, known once the line is closed.
        agreement: in force; None before offer and answer met.
    """

    def __init__(
        self,
        worker: MediaWorker,
        leg: str,
        *,
        advertised_host: str,
        rtp_timeout_s: float,
        on_digit: Callable[[str], None],
        on_timeout: Callable[[], None],
        on_lost: Callable[[], None],
    ) -> None:
        self.counters = LegCounters()
        self.agreement: MediaAgreement | None = None
        self._worker = worker
        self._leg = leg
        self._host = advertised_host
        self._rtp_timeout_s = rtp_timeout_s
        self._on_digit = on_digit
        self._on_timeout = on_timeout
        self._on_lost = on_lost
        self._local: LocalMedia | None = None
        self._offer: str | None = None
        self._direction = MediaDirection.SENDRECV
        self._plays: dict[int, asyncio.Future[Played]] = {}
        self._digits_sent: asyncio.Future[None] | None = None
        self._open = False
        self._closed = asyncio.Event()

    async def open(self) -> None:
        """Bind the RTP port.

        Raises:
            MediaUnavailable: no worker runs, or its ports are used up.
        """
        try:
            port = await self._worker.open_leg(self._leg, self._event)
        except (LegRefused, MediaError) as error:
            raise MediaUnavailable(str(error)) from error
        self._open = True
        self._local = LocalMedia(self._host, port, session_id=secrets.randbits(31))

    # ------------------------------------------------------------ descriptions

    def offer(self, direction: MediaDirection = MediaDirection.SENDRECV) -> str:
        """A description of ours to send; ``answered`` takes the peer's."""
        self._direction = direction
        self._offer = make_offer(self._next_local(), direction)
        return self._offer

    def answered(self, sdp: str) -> MediaAgreement:
        """The peer's answer to the last offer: the audio follows it.

        Raises:
            SdpMalformed, NoCommonCodec: see read_answer.
        """
        if self._offer is None:
            raise MediaUnavailable("an answer came without an offer")
        self._configure(read_answer(self._offer, sdp))
        assert self.agreement
        return self.agreement

    def consider(self, offer: str) -> Answer:
        """Our answer to the peer's offer, not yet in force.

        Raises:
            SdpMalformed, NoCommonCodec: see answer_offer.
        """
        return answer_offer(offer, self._next_local(), self._direction)

    def agree(self, answer: Answer) -> None:
        """The answer went out: the audio follows it."""
        self._configure(answer.agreement)

    def _next_local(self) -> LocalMedia:
        if self._local is None:
            raise MediaUnavailable("the leg has no media")
        local, self._local = self._local, self._local.next_version()
        return local

    def _configure(self, agreement: MediaAgreement) -> None:
        self.agreement = agreement
        sends = agreement.direction in (MediaDirection.SENDRECV, MediaDirection.SENDONLY)
        receives = agreement.direction in (MediaDirection.SENDRECV, MediaDirection.RECVONLY)
        self._worker.configure(
            ConfigureLeg(
                leg=self._leg,
                remote_host=agreement.remote_host,
                remote_port=agreement.remote_port,
                codec="pcma" if agreement.codec is Codec.PCMA else "pcmu",
                payload_type=agreement.payload_type_out,
                event_payload_type_out=agreement.event_pt_out,
                event_payload_type_in=agreement.event_pt_in,
                ptime_ms=agreement.ptime_ms,
                send=sends and agreement.remote_host not in ("", "0.0.0.0"),  # noqa: S104 hold of RFC 2543
                receive=receives,
                rtp_timeout_s=self._rtp_timeout_s,
            )
        )

    # ------------------------------------------------------------------- acts

    async def play(self, files: tuple[AudioFile, ...], *, stop_on: str, repeat: bool, gap_s: float) -> Played:
        """Play files; see Leg.play. Cancelling the caller's task stops them."""
        if not self._open:
            return Played(0.0, finished=False)
        number = self._worker.play(self._leg, files, repeat=repeat, gap_s=gap_s, stop_on=stop_on)
        ended: asyncio.Future[Played] = asyncio.get_running_loop().create_future()
        self._plays[number] = ended
        try:
            return await ended
        except asyncio.CancelledError:
            if number == max(self._plays):  # nothing newer has taken its place
                self._worker.stop_playing(self._leg)
            raise
        finally:
            self._plays.pop(number, None)

    def stop_playing(self) -> None:
        """Stop what plays; the play() under way returns."""
        self._worker.stop_playing(self._leg)

    async def send_digits(self, digits: str) -> None:
        """Send keys and return when they are out, or the time that they take and 2 s has passed."""
        self._digits_sent = asyncio.get_running_loop().create_future()
        self._worker.send_digits(self._leg, digits)
        try:
            async with asyncio.timeout(len(digits) * SEND_DIGIT_S + 2.0):
                await self._digits_sent
        except TimeoutError:
            log.warning("media worker did not confirm digits", extra={"leg": self._leg})

    def suspend_timeout(self, suspended: bool) -> None:
        """Suspend or resume the RTP time-out (hold)."""
        self._worker.hold(self._leg, suspended)

    def listen(self, stream: str, speech_socket: str) -> None:
        """See Leg.listen."""
        self._worker.listen(self._leg, stream, speech_socket)

    def unlisten(self) -> None:
        """See Leg.unlisten."""
        self._worker.unlisten(self._leg)

    def close(self) -> None:
        """Free the port; ``counters`` follow within moments."""
        if self._open:
            self._open = False
            self._worker.close_leg(self._leg)
        else:
            self._closed.set()
        for ended in self._plays.values():
            if not ended.done():
                ended.set_result(Played(0.0, finished=False))

    async def closed(self) -> None:
        """Return when the counters are known, or will not be."""
        try:
            async with asyncio.timeout(CLOSED_WITHIN_S):
                await self._closed.wait()
        except TimeoutError:
            log.warning("media worker did not report a closed leg", extra={"leg": self._leg})

    # ----------------------------------------------------------------- events

    def _event(self, event: LegEvent) -> None:
        match event:
            case PlayEnded():
                if event.missing:
                    log.error("audio file missing", extra={"leg": self._leg, "files": list(event.missing)})
                ended = self._plays.get(event.play)
                if ended and not ended.done():
                    ended.set_result(Played(event.played_s, event.finished, event.digit))
            case DigitReceived():
                self._on_digit(event.digit)
            case DigitsSent():
                if self._digits_sent and not self._digits_sent.done():
                    self._digits_sent.set_result(None)
            case RtpTimedOut():
                self._on_timeout()
            case LegClosed():
                self.counters = event.counters
                self._closed.set()
            case LegLost():
                self._open = False
                self._closed.set()
                self._on_lost()
            case AudioArrived():
                pass
