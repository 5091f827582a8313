"""A gateway that behaves like one without a carrier: ids, receipts after a moment, replies by number, throttling.

For the embedded default and the demonstration; it says "sim" wherever it is shown. Nothing leaves the machine.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from sms.errors import SubmitRefused
from sms.messages import segments_of
from sms.ports import GatewayEvents, Incoming, Receipt
from sms.smpp.pdu import Status
from vocabulary.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SimulatedUsers:
    """How the other side behaves.

    Attributes:
        replies: number in E.164 digits or national form → what that user answers to a survey.
        receipt_s: pause before the receipt.
        reply_s: pause after the receipt before the reply.
        throttle_each: each n-th submit is refused as throttled; 0 for none.
        undelivered: numbers whose receipts say UNDELIV.
    """

    replies: Mapping[str, str] = field(default_factory=dict)
    receipt_s: float = 0.2
    reply_s: float = 1.0
    throttle_each: int = 0
    undelivered: frozenset[str] = frozenset()


class SimulatedGateway:
    """Serves ``sms.ports.SmsGateway`` in memory."""

    window = 10
    KEPT = 200

    def __init__(self, users: SimulatedUsers, clock: Clock, *, access_number: str) -> None:
        self._users = users
        self._clock = clock
        self._access_number = access_number
        self._submits = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self.sent: deque[tuple[str, str, str]] = deque(maxlen=self.KEPT)
        """(number, extension, text) of the latest messages, for tests."""

    @property
    def available(self) -> bool:
        """See SmsGateway."""
        return True

    async def start(self, events: GatewayEvents) -> None:
        """See SmsGateway."""
        self._events = events

    async def stop(self) -> None:
        """See SmsGateway."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def submit(self, to: str, extension: str, text: str) -> list[str]:
        """See SmsGateway."""
        self._submits += 1
        if self._users.throttle_each and self._submits % self._users.throttle_each == 0:
            raise SubmitRefused(Status.THROTTLED, temporary=True)
        run = self._clock.now().strftime("%y%m%d%H%M%S%f")
        ids = [f"sim-{run}-{self._submits}-{part}" for part in range(len(segments_of(text)))]
        self.sent.append((to, extension, text))
        task = asyncio.create_task(
            self._answer(to, extension, ids, is_survey="回复" in text), name=f"sim user {ids[0]}"
        )
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return ids

    async def _answer(self, to: str, extension: str, ids: list[str], *, is_survey: bool) -> None:
        await self._clock.sleep(self._users.receipt_s)
        national = to.removeprefix("86")
        failed = to in self._users.undelivered or national in self._users.undelivered
        error = "UNDELIV 001" if failed else ""
        await self._events([Receipt(gateway_id, not failed, error) for gateway_id in ids])
        reply = self._users.replies.get(to) or self._users.replies.get(national)
        if failed or not reply or not is_survey:
            return
        await self._clock.sleep(self._users.reply_s)
        await self._events([Incoming(to, self._access_number + extension, reply, f"{ids[0]}-reply")])
