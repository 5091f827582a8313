"""What comes back from the gateway: receipts settle messages, replies are read, kept and told to those who care."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sms.messages import OptOut, SmsKind, SmsMessage, SmsReceipt, SmsReply, SmsState
from sms.ports import Incoming, Receipt, SmsUnitOfWork, SmsUnitOfWorkFactory
from sms.replies import ReplyKind, read_reply
from vocabulary.clock import Clock
from vocabulary.errors import InvalidPhoneNumber
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class IncomingRules:
    """Domain spec §3.6.

    Attributes:
        access_number: the hotline's; what follows it in an address is the extension.
        reply_window: a reply without extension answers the newest survey of that phone within this time; a reply
            later than this is still kept and told, as late.
        opt_out_text: sent once to whoever opts out.
    """

    access_number: str = "10690096556"
    reply_window: timedelta = timedelta(hours=72)
    opt_out_text: str = "【青岛能源】已为您停发满意度短信。停供和安全通知仍会发送,有事请拨96556。"


class IncomingMessages:
    """Stores receipts and replies, one transaction for each batch that the gateway delivers."""

    def __init__(
        self, uow_factory: SmsUnitOfWorkFactory, clock: Clock, keyer: PhoneKeyer, rules: IncomingRules | None = None
    ) -> None:
        self._uow_factory = uow_factory
        self._clock = clock
        self._keyer = keyer
        self._rules = rules or IncomingRules()

    async def take(self, batch: Sequence[Receipt | Incoming]) -> None:
        """Store a batch; returns after the commit, so the gateway may then be told that it was taken."""
        async with self._uow_factory() as uow:
            for item in batch:
                match item:
                    case Receipt():
                        await self._receipt(uow, item)
                    case Incoming():
                        await self._reply(uow, item)
            await uow.commit()

    async def _receipt(self, uow: SmsUnitOfWork, receipt: Receipt) -> None:
        message = await uow.messages.by_gateway_id(receipt.gateway_id)
        now = self._clock.now()
        if message is None:
            early = SmsReceipt(new_id(self._clock), receipt.gateway_id, receipt.delivered, receipt.error, now)
            uow.messages.add(early)
            return
        if message.receipt(delivered=receipt.delivered, error=receipt.error, now=now):
            tell_settled(uow, message)

    async def _reply(self, uow: SmsUnitOfWork, incoming: Incoming) -> None:
        now = self._clock.now()
        try:
            sender = PhoneNumber.parse(incoming.sender)
        except InvalidPhoneNumber:
            log.warning("message from an unreadable sender dropped", extra={"characters": len(incoming.sender)})
            return
        key = self._keyer.key(sender)
        extension = incoming.access.removeprefix(self._rules.access_number)
        extension = extension if extension != incoming.access and extension.isdigit() else ""
        dedupe = _dedupe_key(incoming, key, extension, f"{now:%Y-%m-%dT%H:%M}")
        if await uow.messages.has_reply(dedupe):
            return
        survey = await self._survey(uow, key, extension)
        reading = read_reply(incoming.text, survey.matter if survey else "gas")
        reply = SmsReply(
            id=new_id(self._clock),
            dedupe_key=dedupe,
            sender=sender,
            phone_key=key,
            extension=extension,
            text=incoming.text,
            received_at=now,
            message_id=survey.id if survey else None,
            reference=survey.reference if survey else None,
            reading=reading.kind.value,
            reason=reading.reason,
            demand=reading.demand,
        )
        uow.messages.add(reply)
        if reading.kind is ReplyKind.OPT_OUT:
            await self._opt_out(uow, reply)
        uow.events.append(
            "sms.reply",
            {
                "reply_id": reply.id,
                "sms_id": reply.message_id,
                "reference": reply.reference,
                "text": reply.text,
                "reading": reply.reading,
                "reason": reply.reason,
                "demand": reply.demand,
                "phone_key": key,
                "received_at": now.isoformat(),
            },
        )

    async def _survey(self, uow: SmsUnitOfWork, key: str, extension: str) -> SmsMessage | None:
        now = self._clock.now()
        if extension:  # an extension is not given to the same phone again for 30 days
            found = await uow.messages.answered_survey(key, extension, now - timedelta(days=30))
            if found:
                return found
        return await uow.messages.answered_survey(key, "", now - self._rules.reply_window)

    async def _opt_out(self, uow: SmsUnitOfWork, reply: SmsReply) -> None:
        """Register the refusal with its words, and confirm it once."""
        if await uow.messages.opted_out(reply.phone_key):
            return
        uow.messages.add(OptOut(reply.phone_key, reply.text, reply.received_at, confirmed=True))
        uow.messages.add(
            SmsMessage(
                id=new_id(self._clock),
                to=reply.sender,
                phone_key=reply.phone_key,
                text=self._rules.opt_out_text,
                kind=SmsKind.CONFIRMATION,
                reference=reply.reference or "",
                matter="heat",
                extension="",
                state=SmsState.QUEUED,
                queued_at=reply.received_at,
                not_before=reply.received_at,
            )
        )


def tell_settled(uow: SmsUnitOfWork, message: SmsMessage) -> None:
    """The event that a message was delivered or failed."""
    uow.events.append(
        "sms.receipt", {"sms_id": message.id, "reference": message.reference, "state": message.state.value}
    )


def _dedupe_key(incoming: Incoming, phone_key: str, extension: str, minute: str) -> str:
    if incoming.gateway_id:
        return f"id:{incoming.gateway_id}"[:80]
    digest = hashlib.sha256(f"{phone_key}|{extension}|{incoming.text}|{minute}".encode()).hexdigest()
    return f"sha:{digest}"
