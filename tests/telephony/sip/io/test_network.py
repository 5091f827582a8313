import asyncio

import pytest

from telephony.sip import Hop, PortInUse
from telephony.sip.io.network import SocketNetwork

pytestmark = pytest.mark.unit


def fail() -> None:
    pytest.fail("the transport reported an error")


async def test_both_transports_share_one_port() -> None:
    heard: asyncio.Queue[Hop] = asyncio.Queue()
    one, two = SocketNetwork(), SocketNetwork()
    port = await one.open("127.0.0.1", 0, tcp=True, received=lambda data, hop: heard.put_nowait(hop))
    await two.open("127.0.0.1", 0, tcp=True, received=lambda data, hop: None)
    for transport in ("udp", "tcp"):
        two.send(b"OPTIONS sip:x SIP/2.0\r\n\r\n", Hop("127.0.0.1", port, transport), fail)
        assert (await asyncio.wait_for(heard.get(), 5)).transport == transport
    assert (one.connections, two.connections) == (1, 1)
    with pytest.raises(PortInUse):
        await SocketNetwork().open("127.0.0.1", port, tcp=False, received=lambda data, hop: None)
    one.close()
    two.close()


async def test_a_closed_network_tells_that_it_cannot_send() -> None:
    failed = asyncio.Event()
    network = SocketNetwork()
    network.send(b"x", Hop("127.0.0.1", 9), failed.set)
    await asyncio.wait_for(failed.wait(), 5)


async def test_names_are_resolved() -> None:
    assert await SocketNetwork().resolve("127.0.0.1") == "127.0.0.1"
