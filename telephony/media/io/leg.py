"""One leg's RTP: its socket and what comes in by it. One object a leg, no task, no object a packet beyond the bytes."""

import asyncio
import ipaddress
import time
from collections.abc import Callable
from typing import cast

from telephony.media.core.g711 import ULAW_TO_ALAW
from telephony.media.core.rtp import MARKER, IncomingStream, is_rtcp, parse
from telephony.media.core.telephone_event import DigitReceiver
from telephony.media.errors import EventMalformed, RtpMalformed
from telephony.media.io.listening import ListenTap
from telephony.media.io.recorder import RecordingTap
from telephony.media.io.speaker import PCMA, PCMU, Address, Speaker
from telephony.media.messages import AudioArrived, ConfigureLeg, DigitReceived, Fact, LegCounters, RtpTimedOut
from vocabulary.audio_frame import RATE_HZ

COMFORT_NOISE = 13  # RFC 3389: what a phone that suppresses silence sends instead of it


class Leg(asyncio.DatagramProtocol):
    """One party's RTP.

    Args:
        leg_id: the server's identifier.
        port: bound already.
        report: told what happens.
        set_ticking: see Speaker.
    Attributes:
        speaker: the sending half.
        peer: the leg that hears this one, in a bridge.
        recording, listening: who gets a copy of what the party says.
        held: the RTP time-out is suspended.
    """

    def __init__(
        self, leg_id: str, port: int, report: Callable[[Fact], None], set_ticking: Callable[[Speaker, bool], None]
    ) -> None:
        now_s = time.monotonic()
        self.id = leg_id
        self.port = port
        self.speaker = Speaker(leg_id, now_s, report, set_ticking)
        self.peer: Leg | None = None
        self.held = False
        self.recording: RecordingTap | None = None
        self.listening: ListenTap | None = None
        self._report = report
        self._transport: asyncio.DatagramTransport | None = None
        self._version = 4  # of IP
        self._listener: Speaker | None = None  # the peer's speaker: one look-up less for each packet
        self._incoming = IncomingStream()
        self._keys = DigitReceiver()
        self._signalled: Address | None = None  # from SDP
        self._source: Address | None = None  # latched
        self._receiving = True
        self._pcmu = False
        self._payload_type = PCMA
        self._event_type: int | None = None
        self._heard_s = now_s
        self._heard = False
        self._rtp_timeout_s = 0.0
        self._bytes_in = 0
        self._malformed = self._foreign = self._unknown_payload = 0
        self._listen_dropped = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """See asyncio.DatagramProtocol."""
        self._transport = self.speaker.transport = cast(asyncio.DatagramTransport, transport)
        self._version = ipaddress.ip_address(transport.get_extra_info("sockname")[0]).version
        if isinstance(getattr(transport, "max_size", None), int):
            transport.max_size = 2048  # type: ignore[attr-defined]  # asyncio's own loop takes 256 KiB a datagram

    def error_received(self, exc: Exception) -> None:
        """An ICMP error: the far port is closed for now. The RTP time-out decides, not this."""

    def datagram_received(self, data: bytes, addr: Address) -> None:
        """One datagram: accounted for, then recorded, listened to and passed on."""
        now_s = time.monotonic()
        if addr != self._source and not self._admits(addr):
            self._foreign += 1
            return
        try:
            second, sequence, timestamp, ssrc, payload = parse(data)
        except RtpMalformed:
            self._malformed += 1
            return
        payload_type = second & 0x7F
        if payload_type == self._event_type:
            if self._incoming.accept(sequence, timestamp, ssrc, 0, timed=False):
                self._latch(addr, now_s)
                self._event(second & MARKER, timestamp, payload, now_s)
            return
        if payload_type == self._payload_type:
            pcmu = self._pcmu
        elif payload_type in (PCMA, PCMU):
            pcmu = payload_type == PCMU
        else:
            self._without_audio(second, sequence, timestamp, ssrc, addr, now_s)
            return
        incoming = self._incoming
        if not incoming.accept(sequence, timestamp, ssrc, int(now_s * RATE_HZ)):
            return
        if addr != self._source or not self._heard:
            self._latch(addr, now_s)
        self._heard_s = now_s
        self._bytes_in += len(payload)
        recording, listening = self.recording, self.listening
        if recording or listening:
            alaw = payload.translate(ULAW_TO_ALAW) if pcmu else payload
            if recording:
                recording.heard(incoming.timestamp, alaw, now_s)
            if listening:
                listening.heard(incoming.timestamp, alaw)
        if self._listener and payload:
            self._listener.relay(incoming, second & MARKER, payload, pcmu, now_s)

    def _without_audio(
        self, second: int, sequence: int, timestamp: int, ssrc: int, addr: Address, now_s: float
    ) -> None:
        """Comfort noise, RTCP and what was not agreed: not heard, but from the latched source a sign of life."""
        if addr == self._source:
            self._heard_s = now_s
        if second & 0x7F == COMFORT_NOISE:
            self._incoming.accept(sequence, timestamp, ssrc, 0, timed=False)
        else:
            self._unknown_payload += not is_rtcp(second)

    def _admits(self, addr: Address) -> bool:
        """Whether a source that is not the latched one may become it.

        The first source heard is taken, whatever its address: phones behind NAT do not know their own. From then on
        only the address of the peer's SDP may still replace a latch on another.
        """
        if self._signalled is None:
            return False
        return self._source is None or addr[:2] == self._signalled

    def _latch(self, addr: Address, now_s: float) -> None:
        if addr != self._source:
            self._source = self.speaker.destination = addr
        self._heard_s = now_s
        if not self._heard:
            self._heard = True
            self._report(AudioArrived(self.id))

    def _event(self, marker: int, timestamp: int, payload: bytes, now_s: float) -> None:
        """A telephone-event packet: the key is reported once and passed on to the other leg."""
        try:
            key = self._keys.accept(timestamp, payload, self._incoming.epoch)
        except EventMalformed:
            self._malformed += 1
            return
        if key:
            stopped = self.speaker.stopped_by(key)
            self._report(DigitReceived(self.id, key, stopped))
        if self._listener:
            self._listener.relay_event(self._incoming, marker, payload, key, now_s)

    def sweep(self, now_s: float) -> None:
        """Ten times a second: fill in for a mute peer, notice a line that went dead."""
        self.speaker.fill_in(now_s)
        if not self._rtp_timeout_s or self.held or not self._receiving or self._signalled is None:
            return
        silent_s = now_s - self._heard_s
        if silent_s > self._rtp_timeout_s:
            self._heard = False
            self._heard_s = float("inf")  # reported once; the next packet sets it again
            self._report(RtpTimedOut(self.id, silent_s))

    def configure(self, agreed: ConfigureLeg) -> None:
        """Take over what offer and answer agreed.

        Raises:
            ValueError: the address is not numeric or of another family than the socket, or a payload type is none.
        """
        now_s = time.monotonic()
        address = ipaddress.ip_address(agreed.remote_host)
        if address.version != self._version:
            raise ValueError(f"an IPv{address.version} address for an IPv{self._version} socket")
        for payload_type in (agreed.payload_type, agreed.event_payload_type_in, agreed.event_payload_type_out):
            if payload_type is not None and not 0 <= payload_type <= 127:
                raise ValueError(f"payload type {payload_type}")
        signalled = (str(address), agreed.remote_port)
        usable = not address.is_unspecified and agreed.remote_port > 0  # 0.0.0.0 is the old way to hold
        if usable and signalled != self._signalled:
            self._signalled = self.speaker.destination = signalled
            self._source = None  # heard afresh from wherever the peer now is
        self._pcmu = agreed.codec == "pcmu"
        self._payload_type = agreed.payload_type
        self._event_type = agreed.event_payload_type_in
        self._receiving = agreed.receive
        self._rtp_timeout_s = agreed.rtp_timeout_s
        self._heard_s = now_s
        self.speaker.configure(agreed, send=agreed.send and usable, now_s=now_s)

    def hold(self, held: bool) -> None:
        """Suspend the RTP time-out, or let it begin afresh."""
        self.held = held
        self._heard_s = time.monotonic()

    def bridge(self, peer: "Leg | None") -> None:
        """Be heard by another leg, or by none."""
        self.peer = peer
        self._listener = peer.speaker if peer else None
        self.speaker.part()

    def record(self, tap: RecordingTap | None) -> None:
        """Copy both directions to a recording, or to none."""
        self.recording = self.speaker.recording = tap

    def listen(self, tap: ListenTap | None) -> None:
        """Copy what the party says to a speech worker, or end that."""
        if self.listening:
            self.listening.close()
            self._listen_dropped += self.listening.dropped
        self.listening = tap

    def close(self) -> None:
        """End what plays, listening and the socket."""
        self.speaker.end_play()
        self.bridge(None)
        self.listen(None)
        self.speaker.destination = None
        if self._transport:
            self._transport.close()

    def counters(self) -> LegCounters:
        """What happened so far."""
        incoming = self._incoming
        return LegCounters(
            packets_in=incoming.received,
            bytes_in=self._bytes_in,
            packets_out=self.speaker.packets_out,
            bytes_out=self.speaker.bytes_out,
            lost=incoming.lost,
            late=incoming.late,
            duplicates=incoming.duplicates,
            jitter_ms=round(incoming.jitter_samples * 1000 / RATE_HZ, 2),
            malformed=self._malformed,
            foreign=self._foreign,
            unknown_payload=self._unknown_payload,
            listen_dropped=self._listen_dropped + (self.listening.dropped if self.listening else 0),
        )
