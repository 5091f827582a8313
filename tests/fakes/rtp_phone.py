"""A telephone's RTP on a real socket: it says tones and keys in real time and keeps what it hears."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telephony.media.core.g711 import decode_alaw, decode_ulaw, encode_alaw, encode_ulaw
from telephony.media.core.rtp import pack, parse
from telephony.media.core.telephone_event import DigitSender


@dataclass(frozen=True, slots=True)
class Heard:
    """One packet that came; ``at_s`` by the loop's clock."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes
    at_s: float


class RtpPhone(asyncio.DatagramProtocol):
    """Open it with ``await RtpPhone.open()``; ``close()`` it."""

    def __init__(self) -> None:
        self.heard: list[Heard] = []
        self.worker_port = 0
        self.sequence = 1000
        self.timestamp = 50_000
        self.ssrc = 0x1234
        self._changed = asyncio.Event()
        self._transport: Any = None

    @classmethod
    async def open(cls, worker_port: int) -> "RtpPhone":
        """A phone on a free port that talks to a worker's port."""
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(cls, local_addr=("127.0.0.1", 0))
        phone.worker_port = worker_port
        return phone

    @property
    def port(self) -> int:
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        second, sequence, timestamp, ssrc, payload = parse(data)
        at_s = asyncio.get_running_loop().time()
        self.heard.append(Heard(second & 0x7F, bool(second & 0x80), sequence, timestamp, ssrc, payload, at_s))
        self._changed.set()

    def close(self) -> None:
        self._transport.close()

    def send(self, payload: bytes, *, payload_type: int = 8, marker: bool = False, samples: int | None = None) -> None:
        """One packet now."""
        second = payload_type | (0x80 if marker else 0)
        self.send_raw(pack(second, self.sequence, self.timestamp, self.ssrc, payload))
        self.sequence += 1
        self.timestamp += len(payload) if samples is None else samples

    def send_raw(self, datagram: bytes) -> None:
        """Any bytes."""
        self._transport.sendto(datagram, ("127.0.0.1", self.worker_port))

    async def say(self, hz: int, seconds: float, *, payload_type: int = 8, ptime_ms: int = 20) -> None:
        """A tone in real time."""
        samples = ptime_ms * 8
        sound = tone(hz, int(seconds * 8000), ulaw=payload_type == 0)
        packets = [sound[at : at + samples] for at in range(0, len(sound) - samples + 1, samples)]
        await self._paced(ptime_ms / 1000, [lambda p=p: self.send(p, payload_type=payload_type) for p in packets])

    async def press(self, digits: str, *, payload_type: int = 101) -> None:
        """Keys in real time, 100 ms each."""
        sender, steps = DigitSender(digits, 800, 640), []
        while not sender.finished:
            steps.append(sender.step(160))
        began = self.timestamp

        def send(step: Any, n: int) -> None:
            nonlocal began
            now = self.timestamp
            if step is None:
                self.send(tone(0, 160))
                return
            began = now if step.begins else began
            self.timestamp = began
            self.send(step.payload, payload_type=payload_type, marker=step.begins, samples=0)
            self.timestamp = now + 160

        await self._paced(0.02, [lambda s=s, n=n: send(s, n) for n, s in enumerate(steps)])

    async def until(self, true: Callable[[list[Heard]], bool], within_s: float = 3.0) -> None:
        """Return when what was heard is as wanted; TimeoutError if it never is."""
        async with asyncio.timeout(within_s):
            while not true(self.heard):
                self._changed.clear()
                await self._changed.wait()

    async def _paced(self, step_s: float, sends: list[Callable[[], None]]) -> None:
        loop = asyncio.get_running_loop()
        done = loop.create_future()
        began_s = loop.time()
        for n, send in enumerate(sends):
            loop.call_at(began_s + n * step_s, send)
        loop.call_at(began_s + len(sends) * step_s, done.set_result, None)
        await done

    def audio(self, payload_type: int = 8) -> bytes:
        """The payloads of one type, one after the other."""
        return b"".join(packet.payload for packet in self.heard if packet.payload_type == payload_type)


def tone(hz: int, samples: int, *, ulaw: bool = False) -> bytes:
    """A tone at about -12 dBm0; 0 Hz is silence."""
    encode = encode_ulaw if ulaw else encode_alaw
    return bytes(encode(int(8000 * math.sin(2 * math.pi * hz * n / 8000))) for n in range(samples))


def tone_share(audio: bytes, hz: int, *, ulaw: bool = False) -> float:
    """Share of the energy that lies at a frequency, between 0 and 1 (Goertzel); 0 for silence."""
    decode = decode_ulaw if ulaw else decode_alaw
    pcm = [decode(code) for code in audio]
    energy = sum(sample * sample for sample in pcm)
    if energy < 100 * 100 * len(pcm):
        return 0.0
    step = 2 * math.cos(2 * math.pi * hz / 8000)
    a = b = 0.0
    for sample in pcm:
        a, b = sample + step * a - b, a
    return (a * a + b * b - step * a * b) * 2 / (energy * len(pcm))


def tone_seconds(audio: bytes, hz: int, *, ulaw: bool = False) -> float:
    """How long a tone is heard, in steps of 20 ms."""
    frames = [audio[at : at + 160] for at in range(0, len(audio), 160)]
    return sum(0.02 for piece in frames if tone_share(piece, hz, ulaw=ulaw) > 0.7)
