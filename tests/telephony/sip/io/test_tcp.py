import asyncio
from collections.abc import AsyncIterator

import pytest

from telephony.sip import Hop
from telephony.sip.io.tcp import TcpTransport
from tests.fakes.sip_hotline import request

pytestmark = pytest.mark.unit

OPTIONS = request("OPTIONS").encode()


class Listener:
    def __init__(self, **limits: int) -> None:
        self.heard: asyncio.Queue[tuple[bytes, Hop]] = asyncio.Queue()
        self.transport = TcpTransport(lambda data, hop: self.heard.put_nowait((data, hop)), **limits)
        self.port = 0


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    listener = Listener()
    listener.port = await listener.transport.open("127.0.0.1", 0)
    yield listener
    listener.transport.close()


async def heard(listener: Listener) -> tuple[bytes, Hop]:
    return await asyncio.wait_for(listener.heard.get(), 5)


def fail() -> None:
    pytest.fail("the transport reported an error")


async def test_messages_are_cut_and_answered_on_the_same_connection(listener: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(OPTIONS + OPTIONS[:50])
    message, source = await heard(listener)
    assert message == OPTIONS
    writer.write(OPTIONS[50:])
    assert (await heard(listener))[0] == OPTIONS
    listener.transport.send(b"answer", source, fail)
    assert await asyncio.wait_for(reader.readexactly(6), 5) == b"answer"
    writer.close()


async def test_a_keep_alive_is_answered(listener: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"\r\n\r\n")
    assert await asyncio.wait_for(reader.readexactly(2), 5) == b"\r\n"
    writer.close()


async def test_a_stream_of_rubbish_is_closed_and_the_listener_lives(listener: Listener) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write(b"x" * 20_000)
    assert await asyncio.wait_for(reader.read(), 5) == b""
    assert listener.transport.malformed == 1
    writer.close()
    _, second = await asyncio.open_connection("127.0.0.1", listener.port)
    second.write(OPTIONS)
    assert (await heard(listener))[0] == OPTIONS
    second.close()


async def test_a_connection_is_opened_when_needed_and_used_again(listener: Listener) -> None:
    caller = Listener()
    hop = Hop("127.0.0.1", listener.port, "tcp")
    caller.transport.send(OPTIONS, hop, fail)
    caller.transport.send(OPTIONS, hop, fail)
    first, second = await heard(listener), await heard(listener)
    caller.transport.send(OPTIONS, hop, fail)
    third = await heard(listener)
    assert first == second == third
    assert caller.transport.connections == 1
    caller.transport.close()


async def test_a_refused_connection_is_told() -> None:
    failed = asyncio.Event()
    caller = Listener()
    caller.transport.send(OPTIONS, Hop("127.0.0.1", 9, "tcp"), failed.set)
    await asyncio.wait_for(failed.wait(), 10)
    caller.transport.close()


async def test_one_connection_too_many_is_closed_at_once() -> None:
    listener = Listener(max_connections=1)
    port = await listener.transport.open("127.0.0.1", 0)
    _, first = await asyncio.open_connection("127.0.0.1", port)
    first.write(OPTIONS)
    await heard(listener)
    reader, second = await asyncio.open_connection("127.0.0.1", port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await asyncio.wait_for(reader.readexactly(1), 5)
    assert listener.transport.connections == 1
    first.close()
    second.close()
    listener.transport.close()


async def test_the_end_of_a_connection_is_told_once_and_not_when_the_transport_itself_closes() -> None:
    closed: asyncio.Queue[Hop] = asyncio.Queue()
    transport = TcpTransport(lambda data, hop: None, closed.put_nowait)
    port = await transport.open("127.0.0.1", 0)
    _, first = await asyncio.open_connection("127.0.0.1", port)
    at = first.get_extra_info("sockname")
    first.close()
    assert await asyncio.wait_for(closed.get(), 5) == Hop(at[0], at[1], "tcp")
    reader, second = await asyncio.open_connection("127.0.0.1", port)
    while not transport.connections:
        await asyncio.sleep(0)
    transport.close()
    assert await asyncio.wait_for(reader.read(), 5) == b""
    second.close()
    assert closed.empty()
