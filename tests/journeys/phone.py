"""A telephone of the tests: SIP by hand on a UDP socket, tones and keys by RTP; it shares nothing with the server."""

import asyncio
import contextlib
import secrets
import struct
from dataclasses import dataclass, field
from typing import Any, Literal, Self

from benchmarks.sip_text import Dialog, Message, alaw_tone, description, digest, parse, response
from tests.fakes.rtp_phone import tone_seconds

SILENCE = bytes([0xD5]) * 160
FRAME_S = 0.02
EVENT_TYPE = 101


class Refused(Exception):
    """A request got a final answer other than 2xx."""

    def __init__(self, answer: Message) -> None:
        super().__init__(answer.start)
        self.status = answer.status
        self.answer = answer


class Audio(asyncio.DatagramProtocol):
    """The RTP side of one call: sends 50 packets a second from ``talk_to`` on, and keeps what it hears."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []
        self.remote: tuple[str, int] | None = None
        self._frame = SILENCE
        self._keys: list[bytes] = []
        self._sequence, self._timestamp, self._ssrc = secrets.randbelow(60_000), 8_000, secrets.randbelow(1 << 32)
        self._transport: Any = None
        self._sending: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()

    @classmethod
    async def open(cls, host: str) -> Self:
        """On a free port."""
        _, audio = await asyncio.get_running_loop().create_datagram_endpoint(cls, local_addr=(host, 0))
        return audio

    @property
    def port(self) -> int:
        """Of our socket."""
        port: int = self._transport.get_extra_info("sockname")[1]
        return port

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        if len(data) > 12 and data[1] & 0x7F == 8:
            self.heard.append(data[12:])
            self._changed.set()

    def talk_to(self, remote: tuple[str, int] | None) -> None:
        """Begin to send; silence until ``say``."""
        self.remote = remote
        if self._sending is None:
            self._sending = asyncio.create_task(self._send(), name="test phone's voice")

    def say(self, hertz: int) -> None:
        """From now on this tone; 0 is silence."""
        self._frame = alaw_tone(hertz) if hertz else SILENCE

    def press(self, key: str) -> None:
        """One key by RFC 4733, as the next packets: 100 ms and its end three times."""
        event = "0123456789*#".index(key)
        self._keys += [struct.pack("!BBH", event, 10, 160 * n) for n in range(1, 6)]
        self._keys += [struct.pack("!BBH", event, 0x8A, 800)] * 3

    async def until_tone(self, hertz: int, seconds: float, within_s: float = 10.0) -> None:
        """Wait until so much of a tone was heard in all.

        Raises:
            TimeoutError: it was not.
        """
        async with asyncio.timeout(within_s):
            while tone_seconds(b"".join(self.heard), hertz) < seconds:
                self._changed.clear()
                await self._changed.wait()
                await asyncio.sleep(0.1)  # the whole of it is measured anew each time

    async def until_packets(self, more: int, within_s: float = 10.0) -> None:
        """Wait until so many further packets came."""
        wanted = len(self.heard) + more
        async with asyncio.timeout(within_s):
            while len(self.heard) < wanted:
                self._changed.clear()
                await self._changed.wait()

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        due_s, event_began = loop.time(), 0
        while True:
            payload, kind = self._frame, 8
            stamp = self._timestamp
            if self._keys:
                payload, kind = self._keys.pop(0), EVENT_TYPE
                first = payload[2:] == struct.pack("!H", 160)
                event_began = stamp if first else event_began
                stamp, kind = event_began, kind | (0x80 if first else 0)
            if self.remote is not None:
                header = struct.pack("!BBHII", 0x80, kind, self._sequence & 0xFFFF, stamp, self._ssrc)
                self._transport.sendto(header + payload, self.remote)
            self._sequence += 1
            self._timestamp += 160
            due_s += FRAME_S
            await asyncio.sleep(max(0.0, due_s - loop.time()))

    def close(self) -> None:
        """Silence."""
        if self._sending is not None:
            self._sending.cancel()
        self._transport.close()


@dataclass(eq=False)
class Talk:
    """One call of a phone, from the INVITE on.

    Attributes:
        invite: as it came, for a call that rang us.
        ended: set when the far side hung up, cancelled or refused.
    """

    phone: "Phone"
    audio: Audio
    dialog: Dialog
    invite: Message | None = None
    final: Message | None = None
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    ended: asyncio.Event = field(default_factory=asyncio.Event)
    tag: str = field(default_factory=lambda: secrets.token_hex(4))

    def say(self, hertz: int) -> None:
        """See Audio."""
        self.audio.say(hertz)

    def press(self, key: str) -> None:
        """See Audio."""
        self.audio.press(key)

    async def until_answered(self, within_s: float = 15.0) -> None:
        """Wait for the answer of a call to us to be acknowledged."""
        await asyncio.wait_for(self.answered.wait(), within_s)

    async def until_ended(self, within_s: float = 15.0) -> None:
        """Wait until the far side hangs up."""
        await asyncio.wait_for(self.ended.wait(), within_s)

    def answer(self) -> None:
        """Pick up a call that rings."""
        assert self.invite is not None
        self.audio.talk_to(self.invite.rtp)
        body = description(self.phone.host, self.audio.port)
        self.phone.send(response(self.invite, "200 OK", tag=self.tag, contact=self.phone.contact, body=body))

    def refuse(self, status: str = "486 Busy Here") -> None:
        """Do not take a call that rings."""
        assert self.invite is not None
        self.phone.send(response(self.invite, status, tag=self.tag))
        self.ended.set()

    async def hang_up(self) -> None:
        """BYE, until it is answered."""
        if not self.ended.is_set():
            self.dialog.cseq += 1
            await self.phone.transact(lambda branch: self.dialog.request("BYE", branch))
            self.ended.set()
        self.audio.close()


Mode = Literal["answer", "ring", "busy"]


class Phone(asyncio.DatagramProtocol):
    """One telephone.

    Args:
        account: also the user part of its address; "" calls without ever proving who it is.
        mode: what it does when it rings.
    """

    def __init__(self, server_port: int, account: str, password: str, host: str, mode: Mode) -> None:
        self.account, self.host, self.mode = account, host, mode
        self.rung: asyncio.Queue[Talk] = asyncio.Queue()
        self._server = ("127.0.0.1", server_port)
        self._password = password
        self._transport: Any = None
        self._registered = False
        self._waiting: dict[str, asyncio.Queue[Message]] = {}
        self._talks: dict[str, Talk] = {}
        self._answers: dict[str, bytes] = {}
        self._busy: set[asyncio.Task[None]] = set()

    @classmethod
    async def open(
        cls,
        server_port: int,
        account: str = "stranger",
        password: str = "",
        *,
        host: str = "127.0.0.1",
        mode: Mode = "answer",
        register: bool = False,
    ) -> Self:
        """A phone on a free port."""
        loop = asyncio.get_running_loop()
        _, phone = await loop.create_datagram_endpoint(
            lambda: cls(server_port, account, password, host, mode), local_addr=(host, 0)
        )
        if register:
            try:
                await phone.register()
            except BaseException:
                await phone.close()
                raise
        return phone

    @property
    def me(self) -> str:
        """``host:port`` of our SIP socket."""
        name = self._transport.get_extra_info("sockname")
        return f"{name[0]}:{name[1]}"

    @property
    def contact(self) -> str:
        """Our Contact."""
        return f"sip:{self.account}@{self.me}"

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def send(self, data: bytes) -> None:
        """To the server."""
        message = parse(data)
        if message is not None and message.status:
            self._answers[_key(message)] = data
        self._transport.sendto(data, self._server)

    async def close(self) -> None:
        """Hang up everything, and be reachable no more."""
        if self._registered:
            with contextlib.suppress(TimeoutError, Refused):
                await self.register(0)
        for talk in self._talks.values():
            talk.audio.close()
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        self._transport.close()
        await asyncio.sleep(0)  # sockets are closed by the loop's next round

    async def register(self, expires_s: int = 120) -> None:
        """Prove who we are and be reachable.

        Raises:
            Refused: the registrar did not take us.
        """
        uri = f"sip:127.0.0.1:{self._server[1]}"
        me = f"<sip:{self.account}@127.0.0.1>"
        dialog = Dialog(uri, self.me, secrets.token_hex(8), f"{me};tag={secrets.token_hex(4)}", me)
        await self._authenticated(dialog, "REGISTER", extra=f"Expires: {expires_s}\r\n")
        self._registered = expires_s > 0

    async def call(self, number: str, *, offer: str | None = None, ring_s: float = 20.0) -> Talk:
        """Dial and wait for the answer.

        Raises:
            Refused: with the final status.
        """
        audio = await Audio.open(self.host)
        target = f"sip:{number}@127.0.0.1:{self._server[1]}"
        from_value = f"<sip:{self.account}@127.0.0.1>;tag={secrets.token_hex(4)}"
        dialog = Dialog(target, self.me, secrets.token_hex(8), from_value, f"<sip:{number}@127.0.0.1>")
        talk = Talk(self, audio, dialog)
        self._talks[dialog.call_id] = talk
        body = offer if offer is not None else description(self.host, audio.port)
        try:
            final = await self._authenticated(dialog, "INVITE", body=body, within_s=ring_s)
        except BaseException:
            audio.close()
            raise
        talk.final = final
        dialog.to_value = final.one("to")
        dialog.target = final.contact or dialog.target
        dialog.route_set = list(reversed(final.headers.get("record-route", [])))
        self._acknowledge(talk)
        audio.talk_to(final.rtp)
        return talk

    async def transact(self, build: Any, *, within_s: float = 10.0) -> Message:
        """Send a request until a final answer comes."""
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        queue = self._waiting[branch] = asyncio.Queue()
        data, pause_s, provisional = build(branch), 0.5, False
        try:
            async with asyncio.timeout(within_s):
                self.send(data)
                while True:
                    try:
                        answer = await asyncio.wait_for(queue.get(), None if provisional else pause_s)
                    except TimeoutError:
                        pause_s = min(pause_s * 2, 4.0)
                        self.send(data)
                        continue
                    provisional = True
                    if answer.status >= 200:
                        return answer
        finally:
            del self._waiting[branch]

    async def _authenticated(
        self, dialog: Dialog, method: str, *, body: str = "", extra: str = "", within_s: float = 10.0
    ) -> Message:
        answer, proof = None, ""
        for _ in range(3):
            branches: list[str] = []

            def build(branch: str, proof: str = proof, branches: list[str] = branches) -> bytes:
                branches.append(branch)
                return dialog.request(method, branch, body=body, extra=extra + proof)

            answer = await self.transact(build, within_s=within_s)
            if answer.status < 300:
                return answer
            if method == "INVITE":
                ack = dialog.request("ACK", branches[0]).replace(
                    f"To: {dialog.to_value}".encode(), f"To: {answer.one('to')}".encode()
                )
                self.send(ack)
            challenge = answer.one("www-authenticate") or answer.one("proxy-authenticate")
            if proof or not challenge or not self._password:
                break
            header = "Proxy-Authorization" if answer.status == 407 else "Authorization"
            value = digest(challenge, username=self.account, password=self._password, method=method, uri=dialog.target)
            proof = f"{header}: {value}\r\n"
            dialog.cseq += 1
        assert answer is not None
        raise Refused(answer)

    def _acknowledge(self, talk: Talk) -> None:
        branch = f"z9hG4bK{secrets.token_hex(8)}"
        self.send(talk.dialog.request("ACK", branch))

    # -- what comes ---------------------------------------------------------------------------------------------------

    def datagram_received(self, data: bytes, addr: Any) -> None:
        message = parse(data)
        if message is None:
            return
        if message.status:
            self._take_response(message)
        elif message.method != "ACK" and _key(message) in self._answers:
            self._transport.sendto(self._answers[_key(message)], self._server)
        else:
            self._take_request(message)

    def _take_response(self, message: Message) -> None:
        branch = message.one("via").split("branch=", 1)[1].split(";")[0]
        if branch in self._waiting:
            self._waiting[branch].put_nowait(message)
        elif message.method == "INVITE" and message.status == 200:
            talk = self._talks.get(message.one("call-id"))
            if talk is not None and talk.final is not None:
                self._acknowledge(talk)  # our ACK was lost, so it is repeated

    def _take_request(self, message: Message) -> None:
        talk = self._talks.get(message.one("call-id"))
        match message.method:
            case "INVITE" if talk is None:
                task = asyncio.create_task(self._ring(message), name=f"{self.account} rings")
                self._busy.add(task)
                task.add_done_callback(self._busy.discard)
            case "INVITE":
                assert talk is not None
                talk.audio.talk_to(message.rtp)
                body = description(self.host, talk.audio.port)
                self.send(response(message, "200 OK", tag=talk.tag, contact=self.contact, body=body))
            case "ACK":
                if talk is not None and not talk.ended.is_set():
                    talk.answered.set()
            case "CANCEL":
                self.send(response(message, "200 OK", tag=talk.tag if talk else "x"))
                if talk is not None and talk.invite is not None and not talk.answered.is_set():
                    talk.refuse("487 Request Terminated")
            case "BYE":
                self.send(response(message, "200 OK", tag="x"))
                if talk is not None:
                    talk.ended.set()
            case _:
                self.send(response(message, "200 OK", tag="x"))

    async def _ring(self, invite: Message) -> None:
        talk_audio = await Audio.open(self.host)
        tag = secrets.token_hex(4)
        to_value = invite.one("to")
        dialog = Dialog(invite.contact, self.me, invite.one("call-id"), f"{to_value};tag={tag}", invite.one("from"))
        dialog.route_set = invite.headers.get("record-route", [])
        talk = Talk(self, talk_audio, dialog, invite, tag=tag)
        self._talks[dialog.call_id] = talk
        self.rung.put_nowait(talk)
        if self.mode == "busy":
            talk.refuse()
            return
        self.send(response(invite, "180 Ringing", tag=tag, contact=self.contact))
        if self.mode == "answer":
            talk.answer()


def _key(message: Message) -> str:
    return f"{message.one('via').split('branch=', 1)[-1].split(';')[0]} {message.one('cseq')}"
