"""``python server.py messages``: the messages process."""

import asyncio

from composition.foundation import Foundation
from sms.incoming import IncomingMessages, IncomingRules
from sms.messages_process import MessagesProcess
from sms.ports import SmsGateway
from sms.sender import Sender
from sms.simulated import SimulatedGateway, SimulatedUsers
from sms.smpp.client import SmppGateway, SmppLink
from sms.smpp.session import LinkTimers


async def run_messages(base: Foundation, stopping: asyncio.Event) -> None:
    """Drain the outbox until told to stop."""
    gateway = make_gateway(base)
    incoming = IncomingMessages(
        base.store.units,
        base.clock,
        base.store.phone_keyer,
        IncomingRules(access_number=base.settings.sms.access_number),
    )
    process = MessagesProcess(gateway, Sender(base.store.units, gateway, base.clock), incoming, base.clock)
    await process.run(stopping)


def make_gateway(base: Foundation) -> SmsGateway:
    """The gateway that the settings name."""
    sms = base.settings.sms
    if sms.driver == "sim":
        return SimulatedGateway(SimulatedUsers(replies=sms.sim_replies), base.clock, access_number=sms.access_number)
    link = SmppLink(
        host=sms.smpp.host,
        port=sms.smpp.port,
        system_id=sms.smpp.system_id,
        password=sms.smpp.password,
        access_number=sms.access_number,
        window=sms.smpp.window,
        timers=LinkTimers(quiet_s=sms.smpp.enquire_link_s),
    )
    return SmppGateway(link, base.clock)
