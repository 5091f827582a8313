"""Sends what is due: the claim is committed before a byte leaves, the answer after it came."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta

from sms.errors import GatewayAway, SubmitRefused
from sms.incoming import tell_settled
from sms.messages import SmsMessage, SmsState
from sms.ports import SmsGateway, SmsUnitOfWorkFactory
from vocabulary.clock import Clock

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SenderRules:
    """How sending is paced.

    Attributes:
        lease: after it, an attempt of a process that died is UNKNOWN.
        retry: pause before an UNKNOWN or a throttled message is written again.
    """

    lease: timedelta = timedelta(seconds=90)
    retry: timedelta = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class _Outcome:
    gateway_ids: list[str] | None = None
    refused: SubmitRefused | None = None
    away: bool = False


class Sender:
    """Drains the outbox into one gateway."""

    def __init__(
        self,
        uow_factory: SmsUnitOfWorkFactory,
        gateway: SmsGateway,
        clock: Clock,
        rules: SenderRules | None = None,
    ) -> None:
        self._uow_factory = uow_factory
        self._gateway = gateway
        self._clock = clock
        self._rules = rules or SenderRules()

    async def send_due(self) -> int:
        """One round: claim, submit at once up to the gateway's window, write the outcomes; how many were sent."""
        await self._settle_lost()
        if not self._gateway.available:
            return 0
        claimed = await self._claim()
        if not claimed:
            return 0
        outcomes = await asyncio.gather(*(self._submit(message) for message in claimed))
        await self._write(list(zip([message.id for message in claimed], outcomes, strict=True)))
        return len(claimed)

    async def _claim(self) -> list[SmsMessage]:
        now = self._clock.now()
        async with self._uow_factory() as uow:
            due: list[SmsMessage] = await uow.messages.due(now, self._gateway.window)
            for message in due:
                message.claim(now, self._rules.lease)
            if due:
                await uow.commit()
        return due

    async def _submit(self, message: SmsMessage) -> _Outcome:
        try:
            ids = await self._gateway.submit(message.to.e164.removeprefix("+"), message.extension, message.text)
        except SubmitRefused as error:
            log.warning("message refused", extra={"sms": message.id, "status": error.status})
            return _Outcome(refused=error)
        except GatewayAway:
            return _Outcome(away=True)
        except TimeoutError:
            log.warning("message sent without an answer", extra={"sms": message.id})
            return _Outcome()
        return _Outcome(gateway_ids=ids)

    async def _write(self, outcomes: list[tuple[str, _Outcome]]) -> None:
        now = self._clock.now()
        async with self._uow_factory() as uow:
            for message_id, outcome in outcomes:
                message = await uow.messages.get(message_id)
                if outcome.gateway_ids is not None:
                    message.accepted(outcome.gateway_ids, now)
                    await uow.messages.know_gateway_ids(message.id, outcome.gateway_ids)
                    for receipt in await uow.messages.take_early_receipts(outcome.gateway_ids):
                        if message.receipt(delivered=receipt.delivered, error=receipt.error, now=now):
                            tell_settled(uow, message)
                elif message.state is not SmsState.SUBMITTING:
                    continue  # a receipt settled it meanwhile
                elif outcome.refused is not None:
                    refusal = outcome.refused
                    retry = self._rules.retry
                    if message.refused(refusal.status, temporary=refusal.temporary, now=now, retry=retry):
                        tell_settled(uow, message)
                elif outcome.away:
                    message.refused(0, temporary=True, now=now, retry=timedelta(seconds=1))
                else:
                    message.went_unknown(now, retry=self._rules.retry)
            await uow.commit()

    async def _settle_lost(self) -> None:
        """Attempts of a process that died become UNKNOWN, and are repeated at most once."""
        now = self._clock.now()
        async with self._uow_factory() as uow:
            lost = await uow.messages.lost(now, 200)
            for message in lost:
                message.went_unknown(now, retry=self._rules.retry)
            if lost:
                log.warning("attempts without an answer", extra={"count": len(lost)})
                await uow.commit()
