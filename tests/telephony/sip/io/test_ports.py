import asyncio

import pytest

from telephony.sip.io.network import SocketNetwork
from telephony.sip.io.ports import Network, Scheduler
from tests.fakes.sip_network import HostNetwork, SipNetwork, Timeline

pytestmark = pytest.mark.unit


async def test_the_real_things_and_their_fakes_keep_the_same_contract() -> None:
    schedulers: list[Scheduler] = [asyncio.get_running_loop(), Timeline()]
    networks: list[Network] = [SocketNetwork(), HostNetwork(SipNetwork(Timeline()))]
    for scheduler in schedulers:
        scheduler.call_later(0, lambda: pytest.fail("it was cancelled")).cancel()
    for network in networks:
        assert network.connections == network.malformed_streams == 0
        network.close()
