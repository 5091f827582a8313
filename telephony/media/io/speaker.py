"""What one party hears: packets of the other leg as they come, or what we play, key in or fill in, by the tick."""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telephony.media.core.g711 import ALAW_SILENCE, ALAW_TO_ULAW, ULAW_TO_ALAW
from telephony.media.core.jitter_buffer import JitterBuffer
from telephony.media.core.playout import Playlist
from telephony.media.core.rtp import HEADER_BYTES, MARKER, IncomingStream, OutgoingStream
from telephony.media.core.telephone_event import DigitSender
from telephony.media.core.tones import key_tones
from telephony.media.io.recorder import RecordingTap
from telephony.media.messages import ConfigureLeg, DigitsSent, Fact, PlayEnded, SendDigits
from vocabulary.audio_frame import FRAME_SAMPLES, RATE_HZ

PCMU, PCMA = 0, 8  # static payload types, RFC 3551 §6
STARVED_S = 0.1
"""A bridged leg that got nothing to pass on for so long is sent silence, so that its stream never stops."""
Address = tuple[Any, ...]


@dataclass(slots=True)
class _Playing:
    """The Play command under way."""

    number: int
    playlist: Playlist
    stop_on: str
    missing: list[str]

    def ended(self, leg: str, digit: str | None) -> PlayEnded:
        """How far it got."""
        return PlayEnded(
            leg=leg,
            play=self.number,
            played_s=self.playlist.played_samples / RATE_HZ,
            finished=self.playlist.finished and digit is None and not self.missing,
            digit=digit,
            missing=self.missing,
        )


class Speaker:
    """The sending half of a leg.

    While ``ticking``, the media process calls tick() every 20 ms. A bridged leg whose other party is heard is not
    ticked: it sends when the other receives.

    Args:
        leg: identifier, for reports.
        now_s: steady time.
        report: told what happens.
        set_ticking: asked to begin or end the ticks.
    Attributes:
        transport: the leg's socket, None until it is open.
        destination: where packets go, None until agreed.
        recording: gets a copy of all that is sent; None for no recording.
    """

    def __init__(
        self, leg: str, now_s: float, report: Callable[[Fact], None], set_ticking: Callable[["Speaker", bool], None]
    ) -> None:
        self.leg = leg
        self.transport: asyncio.DatagramTransport | None = None
        self.destination: Address | None = None
        self.recording: RecordingTap | None = None
        self.ticking = False
        self.packets_out = 0
        self.bytes_out = 0
        self._report = report
        self._set_ticking = set_ticking
        # RFC 3550 §5.1 asks for random begins
        self._outgoing = OutgoingStream(random.getrandbits(32), random.getrandbits(15), random.getrandbits(31), now_s)
        self._sending = False
        self._pcmu = False
        self._payload_type = PCMA
        self._event_type: int | None = None
        self._packet_samples = FRAME_SAMPLES
        self._credit_samples = 0  # towards the next packet, where one is not 20 ms
        self._silence = b""
        self._playing: _Playing | None = None
        self._keys: DigitSender | None = None
        self._key_began = 0  # timestamp of the key being sent
        self._tones: Playlist | None = None
        self._repacking: JitterBuffer | None = None  # from the other leg, where packet lengths differ
        self._busy = False  # we say something ourselves, so the other leg is not heard
        self._relayed_s = now_s
        self._set_silence()

    def relay(self, source: IncomingStream, marker: int, payload: bytes, pcmu: bool, now_s: float) -> None:
        """Send what the other party said, at once where packet length and codec allow; not while we say something.

        Args:
            source: has just accepted the packet.
            pcmu: whether the payload is µ-law.
        """
        if self._busy or not self._sending:
            return
        if len(payload) != self._packet_samples:
            self._repack(source, payload, pcmu)
            return
        if self._repacking:
            self._repacking = None
        if pcmu != self._pcmu:
            payload = payload.translate(ULAW_TO_ALAW if pcmu else ALAW_TO_ULAW)
        packet = self._outgoing.forward(source, marker | self._payload_type, payload, len(payload), now_s)
        if packet is None:
            return
        self._send(packet)
        self._relayed_s = now_s
        if self.ticking:
            self._set_ticking(self, False)
        if self.recording:
            alaw = payload.translate(ULAW_TO_ALAW) if self._pcmu else payload
            self.recording.said(self._outgoing.timestamp, alaw, now_s)

    def relay_event(self, source: IncomingStream, marker: int, payload: bytes, key: str | None, now_s: float) -> None:
        """Pass a telephone-event packet on under this leg's payload type; as a key of our own where that cannot be.

        Args:
            key: what the packet begins, None for a repetition.
        """
        if self._playing or not self._sending:
            return
        if self._event_type is None or self._repacking or self._keys or self._tones:
            if key:
                self.send_digits(SendDigits(self.leg, key))
            return
        packet = self._outgoing.forward(source, marker | self._event_type, payload, 0, now_s)
        if packet:
            self._send(packet)
            self._relayed_s = now_s
            if self.ticking:
                self._set_ticking(self, False)

    def part(self) -> None:
        """Forget the other leg; silence until another is heard."""
        self._repacking = None
        self._tick_from_now()

    def _repack(self, source: IncomingStream, payload: bytes, pcmu: bool) -> None:
        """The other leg's packets have another length than this one's: gather them, the ticks send."""
        if self._repacking is None:
            self._repacking = JitterBuffer()
        self._tick_from_now()
        self._repacking.put(source.timestamp, payload.translate(ULAW_TO_ALAW) if pcmu else payload)

    def tick(self, now_s: float) -> None:
        """20 ms have passed: send what is due."""
        if self._packet_samples == FRAME_SAMPLES:
            self._send_due(now_s)
            return
        self._credit_samples += FRAME_SAMPLES
        while self._credit_samples >= self._packet_samples:
            self._credit_samples -= self._packet_samples
            self._send_due(now_s)

    def fill_in(self, now_s: float) -> None:
        """Called ten times a second: begin to send silence if the other leg has gone mute."""
        if not self.ticking and now_s - self._relayed_s > STARVED_S:
            self._set_ticking(self, True)

    def catch_up(self, now_s: float) -> None:
        """Ticks were left out: the timestamp moves on with the clock."""
        self._outgoing.skip_to(now_s)

    def _send_due(self, now_s: float) -> None:
        samples = self._packet_samples
        if self._playing and self._playing.playlist.finished:
            self.end_play()  # its last packet has been heard by now
        if self._keys:
            self._send_key_step(self._keys, samples, now_s)
        elif self._tones:
            self._send_alaw(self._tones.take(samples), samples, now_s)
            if self._tones.finished:
                self._tones = None
                self._keys_sent()
        elif self._playing:
            self._send_alaw(self._playing.playlist.take(samples), samples, now_s)
        elif self._repacking and (heard := self._repacking.take(samples)):
            self._send_alaw(heard, samples, now_s)
        elif self._sending:
            self._send(self._outgoing.frame(self._payload_type, self._silence, samples, now_s))

    def _send_alaw(self, alaw: bytes, samples: int, now_s: float) -> None:
        if not self._sending:
            return
        payload = alaw.translate(ALAW_TO_ULAW) if self._pcmu else alaw
        self._send(self._outgoing.frame(self._payload_type, payload, samples, now_s))
        if self.recording:
            self.recording.said(self._outgoing.timestamp, alaw, now_s)

    def _send_key_step(self, keys: DigitSender, samples: int, now_s: float) -> None:
        outgoing = self._outgoing
        step = keys.step(samples)
        if step is None or self._event_type is None:
            if self._sending:
                self._send(outgoing.frame(self._payload_type, self._silence, samples, now_s))
        else:
            if step.begins:
                self._key_began = outgoing.next_timestamp
            second = self._event_type | (MARKER if step.begins else 0)
            if self._sending:
                self._send(outgoing.event(second, step.payload, self._key_began))
            outgoing.next_timestamp += samples
        if keys.finished:
            self._keys = None
            self._keys_sent()

    def _send(self, packet: bytes) -> None:
        if self.transport is None or self.destination is None:
            return
        self.transport.sendto(packet, self.destination)
        self.packets_out += 1
        self.bytes_out += len(packet) - HEADER_BYTES

    def _tick_from_now(self) -> None:
        if not self.ticking:
            self._set_ticking(self, True)

    def configure(self, agreed: ConfigureLeg, *, send: bool, now_s: float) -> None:
        """Take over what offer and answer agreed.

        Args:
            send: whether anything may be sent at all.
        """
        self._pcmu = agreed.codec == "pcmu"
        self._payload_type = agreed.payload_type
        self._event_type = agreed.event_payload_type_out
        self._packet_samples = min(max(agreed.ptime_ms // 10 * 10, 10), 120) * RATE_HZ // 1000
        if not self._sending:
            self._outgoing.skip_to(now_s)
        self._sending = send
        self._set_silence()

    def play(self, number: int, playlist: Playlist, stop_on: str, missing: list[str]) -> None:
        """Play instead of whatever plays."""
        self.end_play()
        self._playing = _Playing(number, playlist, stop_on, missing)
        self._busy = True
        self._tick_from_now()

    def stopped_by(self, key: str) -> int | None:
        """The number of the Play that this key has just stopped; None if it stops none."""
        playing = self._playing
        if playing is None or key not in playing.stop_on:
            return None
        self.end_play(key)
        return playing.number

    def end_play(self, digit: str | None = None) -> None:
        """End what plays, if anything does, and report how far it got."""
        playing = self._playing
        if playing is None:
            return
        self._playing = None
        self._set_busy()
        self._report(playing.ended(self.leg, digit))

    def send_digits(self, command: SendDigits) -> None:
        """Send keys, by telephone-event or, where the far side has none, as tones."""
        digit, gap = int(command.digit_s * RATE_HZ), int(command.gap_s * RATE_HZ)
        if self._event_type is None:
            pieces = key_tones(command.digits, digit, gap)
            if pieces and self._tones:
                self._tones.add(pieces)
            elif pieces:
                self._tones = Playlist(pieces)
        elif self._keys:
            self._keys.add(command.digits)
        else:
            keys = DigitSender(command.digits, digit, gap)
            self._keys = None if keys.finished else keys
        self._set_busy()
        if self._keys or self._tones:
            self._tick_from_now()
        else:
            self._report(DigitsSent(self.leg))

    def _keys_sent(self) -> None:
        self._set_busy()
        self._report(DigitsSent(self.leg))

    def _set_busy(self) -> None:
        self._busy = bool(self._playing or self._keys or self._tones)

    def _set_silence(self) -> None:
        silence = bytes((ALAW_SILENCE,)) * self._packet_samples
        self._silence = silence.translate(ALAW_TO_ULAW) if self._pcmu else silence
