import asyncio

import pytest
import uvloop

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


def test_under_uvloop_a_refused_datagram_stops_nothing() -> None:
    """The server runs under uvloop, where a connected UDP socket dies after one ECONNREFUSED."""

    async def run() -> int:
        heard: asyncio.Queue[bytes] = asyncio.Queue()
        network = SocketNetwork()
        port = await network.open("127.0.0.1", 0, tcp=True, received=lambda data, hop: heard.put_nowait(data))
        for _ in range(5):
            network.send(b"nobody", Hop("127.0.0.1", 9), fail)
            network.send(b"OPTIONS sip:x SIP/2.0\r\n\r\n", Hop("127.0.0.1", port), fail)
            await asyncio.wait_for(heard.get(), 5)
        network.send(b"OPTIONS sip:x SIP/2.0\r\n\r\n", Hop("127.0.0.1", port, "tcp"), fail)
        await asyncio.wait_for(heard.get(), 5)
        connections = network.connections
        network.close()
        return connections

    assert uvloop.run(run()) >= 1


def test_under_uvloop_a_port_in_use_is_named() -> None:
    async def run() -> None:
        first = SocketNetwork()
        port = await first.open("127.0.0.1", 0, tcp=True, received=lambda data, hop: None)
        try:
            with pytest.raises(PortInUse, match=str(port)):
                await SocketNetwork().open("127.0.0.1", port, tcp=True, received=lambda data, hop: None)
        finally:
            first.close()

    uvloop.run(run())
