"""The outbox: messages enter it in the transaction of the act that causes them."""

import logging

from sms.messages import OutgoingSms, SmsKind, SmsMessage, SmsState
from sms.ports import SmsUnitOfWork
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)


class Outbox:
    """Puts messages into the outbox of a unit of work."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def queue(self, uow: SmsUnitOfWork, sms: OutgoingSms) -> str | None:
        """Write the row; the messages process sends it after the commit.

        Returns:
            The message's identifier, or None when the user refused surveys and this is one.
        """
        if sms.kind is SmsKind.SURVEY and await uow.messages.opted_out(sms.phone_key):
            log.info("survey not queued, the user refused surveys", extra={"reference": sms.reference})
            return None
        now = self._clock.now()
        message = SmsMessage(
            id=new_id(self._clock),
            to=sms.to,
            phone_key=sms.phone_key,
            text=sms.text,
            kind=sms.kind,
            reference=sms.reference,
            matter=sms.matter,
            extension=sms.extension,
            state=SmsState.QUEUED,
            queued_at=now,
            not_before=max(now, sms.not_before),
        )
        uow.messages.add(message)
        uow.events.append("sms.queued", {"sms_id": message.id, "reference": sms.reference})
        return message.id

    async def cancel(self, uow: SmsUnitOfWork, message_id: str, reason: str) -> bool:
        """Withdraw a message that has not left yet; whether it could be."""
        message = await uow.messages.get(message_id)
        return message.cancel(reason, self._clock.now())
