"""The SMPP gateway: a socket and a clock around SmppSession, bound again whenever the link is lost."""

import asyncio
import contextlib
import itertools
import logging
import random
import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from sms.errors import GatewayAway, SubmitRefused
from sms.messages import segments_of
from sms.ports import GatewayEvents, Incoming, Receipt
from sms.smpp.pdu import ESM_UDH, ShortMessage, Tlv
from sms.smpp.session import (
    Accepted,
    Action,
    Bound,
    Closed,
    Delivered,
    LinkTimers,
    Refused,
    Send,
    SmppSession,
    StartTimer,
    StopTimer,
    Timer,
    Unknown,
)
from vocabulary.clock import Clock

log = logging.getLogger(__name__)
_RECEIPT_FIELD = re.compile(r"(id|stat|err):(\S*)")
_DELIVERED_STATES = {"DELIVRD", "ACCEPTD"}
_FAILED_STATES = {"EXPIRED", "DELETED", "UNDELIV", "REJECTD"}


@dataclass(frozen=True, slots=True)
class SmppLink:
    """Where and how to bind."""

    host: str
    port: int
    system_id: str
    password: str = field(repr=False)
    access_number: str = "10690096556"
    window: int = 10
    timers: LinkTimers = field(default_factory=LinkTimers)
    reconnect_first_s: float = 0.5
    reconnect_most_s: float = 30.0


class SmppGateway:
    """Serves ``sms.ports.SmsGateway`` over one SMPP 3.4 transceiver link."""

    def __init__(self, link: SmppLink, clock: Clock) -> None:
        self._link = link
        self._clock = clock
        self._session: SmppSession | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._waiting: dict[Hashable, asyncio.Future[str]] = {}
        self._timers: dict[Timer, asyncio.TimerHandle] = {}
        self._tokens = itertools.count()
        self._concatenations = itertools.cycle(range(1, 256))
        self._room = asyncio.Condition()
        self._task: asyncio.Task[None] | None = None
        self._bound = asyncio.Event()
        self.reconnects = 0

    @property
    def available(self) -> bool:
        """See SmsGateway."""
        return self._session is not None and self._session.room > 0

    @property
    def window(self) -> int:
        """See SmsGateway."""
        return self._link.window

    async def start(self, events: GatewayEvents) -> None:
        """See SmsGateway."""
        self._events = events
        self._task = asyncio.create_task(self._keep_connected(), name="smpp link")

    async def stop(self) -> None:
        """See SmsGateway."""
        if self._session is not None:
            self._perform(self._session.unbind())
        if self._task is not None:
            done, _ = await asyncio.wait({self._task}, timeout=1.0) if self._session is None else (set(), None)
            if not done:
                self._task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await self._task

    async def wait_bound(self) -> None:
        """Return when the link is bound; for start-up and tests."""
        await self._bound.wait()

    async def submit(self, to: str, extension: str, text: str) -> list[str]:
        """See SmsGateway."""
        parts = segments_of(text)
        reference = next(self._concatenations)
        answers = []
        for number, part in enumerate(parts, 1):
            header = bytes((5, 0, 3, reference, len(parts), number)) if len(parts) > 1 else b""
            message = ShortMessage(
                source=self._link.access_number + extension,
                destination=to,
                text=header + part.encode("utf-16-be", "surrogatepass"),
                esm_class=ESM_UDH if header else 0,
                registered_delivery=1,
            )
            answers.append(await self._write(message))
        return list(await asyncio.gather(*answers))

    async def _write(self, message: ShortMessage) -> asyncio.Future[str]:
        async with self._room:
            await self._room.wait_for(lambda: self._session is None or self._session.room > 0)
            if self._session is None:
                raise GatewayAway("no bound link")
            token = next(self._tokens)
            answer = asyncio.get_running_loop().create_future()
            self._waiting[token] = answer
            self._perform(self._session.submit(token, message, self._clock.monotonic_s()))
            return answer

    async def _keep_connected(self) -> None:
        pause_s = self._link.reconnect_first_s
        while True:
            try:
                async with asyncio.timeout(self._link.timers.bind_s):
                    reader, writer = await asyncio.open_connection(self._link.host, self._link.port)
            except (OSError, TimeoutError) as error:
                log.warning("gateway not reached", extra={"error": type(error).__name__, "pause_s": pause_s})
            else:
                if await self._run_link(reader, writer):
                    pause_s = self._link.reconnect_first_s
            await self._clock.sleep(pause_s * (0.5 + random.random()))
            pause_s = min(pause_s * 2, self._link.reconnect_most_s)
            self.reconnects += 1

    async def _run_link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """One link from bind to close; whether it was ever bound."""
        session = SmppSession(
            self._link.system_id, self._link.password, window=self._link.window, timers=self._link.timers
        )
        self._writer, self._session = writer, session
        overdue = asyncio.create_task(self._watch_overdue(session), name="smpp overdue")
        self._was_bound = False
        try:
            self._perform(session.open())
            while session.state.value != "closed" and (data := await reader.read(65536)):
                await self._received(session.receive(data))
            self._perform(session.lost("the gateway closed the connection"))
        except OSError as error:
            self._perform(session.lost(type(error).__name__))
        finally:
            overdue.cancel()
            self._perform(session.lost("stopped"))
            self._session = self._writer = None
            writer.close()
            async with self._room:
                self._room.notify_all()
        return self._was_bound

    async def _received(self, actions: list[Action]) -> None:
        """Settle answers first, then store what was delivered in one go, then acknowledge it."""
        delivered = [action for action in actions if isinstance(action, Delivered)]
        self._perform([action for action in actions if not isinstance(action, Send | Delivered)])
        if delivered:
            batch = [item for action in delivered if (item := _item(action)) is not None]
            await self._events(batch)
        self._perform([action for action in actions if isinstance(action, Send)])
        async with self._room:
            self._room.notify_all()

    async def _watch_overdue(self, session: SmppSession) -> None:
        while True:
            await self._clock.sleep(min(1.0, session.timers.response_s / 4))
            self._perform(session.overdue(self._clock.monotonic_s()))

    def _perform(self, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Send(data):
                    if self._writer is not None and not self._writer.is_closing():
                        self._writer.write(data)
                case StartTimer(timer, after_s):
                    self._cancel(timer)
                    loop = asyncio.get_running_loop()
                    self._timers[timer] = loop.call_later(after_s, self._expired, timer)
                case StopTimer(timer):
                    self._cancel(timer)
                case Bound():
                    self._was_bound = True
                    self._bound.set()
                    log.info("gateway bound", extra={"host": self._link.host, "port": self._link.port})
                case Accepted(token, message_id):
                    self._settle(token, message_id)
                case Refused(token, status, temporary):
                    self._settle(token, SubmitRefused(status, temporary=temporary))
                case Unknown(token):
                    self._settle(token, TimeoutError("no answer to the submit"))
                case Closed(reason):
                    log.warning("gateway link closed", extra={"reason": reason})
                    self._bound.clear()
                    if self._writer is not None:
                        self._writer.close()
                case Delivered():
                    raise AssertionError("stored by _received")
                case _:
                    assert_never(action)

    def _expired(self, timer: Timer) -> None:
        self._timers.pop(timer, None)
        if self._session is not None:
            self._perform(self._session.expired(timer))

    def _cancel(self, timer: Timer) -> None:
        if handle := self._timers.pop(timer, None):
            handle.cancel()

    def _settle(self, token: Hashable, outcome: str | Exception) -> None:
        answer = self._waiting.pop(token, None)
        if answer is None or answer.done():
            return
        if isinstance(outcome, Exception):
            answer.set_exception(outcome)
        else:
            answer.set_result(outcome)


def _item(action: Delivered) -> Receipt | Incoming | None:
    """A delivered unit as the room knows it; None for a receipt about nothing (intermediate states)."""
    message = action.message
    if not action.is_receipt:
        return Incoming(message.source, message.destination, message.words, None)
    fields = dict(_RECEIPT_FIELD.findall(message.text.decode("latin-1")))
    gateway_id = fields.get("id", "")
    if receipted := message.tlvs.get(Tlv.RECEIPTED_MESSAGE_ID):
        gateway_id = receipted.rstrip(b"\0").decode("latin-1")
    state = fields.get("stat", "").upper()
    if state not in _DELIVERED_STATES | _FAILED_STATES:
        return None
    return Receipt(gateway_id, state in _DELIVERED_STATES, f"{state} {fields.get('err', '')}".strip())
