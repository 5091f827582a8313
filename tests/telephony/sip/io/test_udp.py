import asyncio

import pytest

from telephony.sip import Hop
from telephony.sip.io.udp import UdpTransport

pytestmark = pytest.mark.unit


async def opened() -> tuple[UdpTransport, int, asyncio.Queue[bytes]]:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    transport = UdpTransport(lambda data, hop: heard.put_nowait(data))
    return transport, await transport.open("127.0.0.1", 0), heard


async def test_datagrams_go_and_come_and_a_refused_one_does_not_stop_the_listener() -> None:
    one, port_one, heard_one = await opened()
    two, port_two, heard_two = await opened()
    assert one.send(b"nobody", Hop("127.0.0.1", 9))
    assert one.send(b"hello", Hop("127.0.0.1", port_two))
    assert await asyncio.wait_for(heard_two.get(), 5) == b"hello"
    assert two.send(b"and back", Hop("127.0.0.1", port_one))
    assert await asyncio.wait_for(heard_one.get(), 5) == b"and back"
    one.close()
    two.close()
    assert not one.send(b"late", Hop("127.0.0.1", port_two))
