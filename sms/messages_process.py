"""The messages process: links, outbox, receipts and replies, away from the calls' loop."""

import asyncio
import logging
from collections.abc import Sequence

from sms.incoming import IncomingMessages
from sms.ports import Incoming, Receipt, SmsGateway
from sms.sender import Sender
from vocabulary.clock import Clock

log = logging.getLogger(__name__)


class MessagesProcess:
    """Runs one gateway until it is told to stop.

    Args:
        poll_s: pause between two looks into an empty outbox.
    """

    MOST_PAUSE_S = 10.0

    def __init__(
        self, gateway: SmsGateway, sender: Sender, incoming: IncomingMessages, clock: Clock, *, poll_s: float = 0.2
    ) -> None:
        self._gateway = gateway
        self._sender = sender
        self._incoming = incoming
        self._clock = clock
        self._poll_s = poll_s

    async def run(self, stopping: asyncio.Event) -> None:
        """Drain the outbox again and again. A database that is away is waited for, never fatal."""
        await self._gateway.start(self._take)
        pause_s = self._poll_s
        try:
            while not stopping.is_set():
                try:
                    sent = await self._sender.send_due()
                    pause_s = 0.0 if sent else self._poll_s
                except Exception as error:  # noqa: BLE001 the outbox must outlive whatever ails the database
                    pause_s = min(max(pause_s, self._poll_s) * 2, self.MOST_PAUSE_S)
                    log.error("outbox round failed", extra={"error": repr(error), "pause_s": pause_s})
                await self._rest(pause_s, stopping)
        finally:
            await self._gateway.stop()

    async def _take(self, batch: Sequence[Receipt | Incoming]) -> None:
        """Store what the gateway delivered; keep trying, since the gateway waits for our answer."""
        pause_s = self._poll_s
        while True:
            try:
                await self._incoming.take(batch)
            except Exception as error:  # noqa: BLE001 nothing that a user sent may be lost
                log.error("reply not stored yet", extra={"error": repr(error), "pause_s": pause_s})
                await self._clock.sleep(pause_s)
                pause_s = min(pause_s * 2, self.MOST_PAUSE_S)
            else:
                return

    async def _rest(self, pause_s: float, stopping: asyncio.Event) -> None:
        waiting = asyncio.create_task(stopping.wait())
        sleeping = asyncio.create_task(self._clock.sleep(pause_s))
        await asyncio.wait({waiting, sleeping}, return_when=asyncio.FIRST_COMPLETED)
        for task in (waiting, sleeping):
            task.cancel()
