"""Our SMPP client against a gateway that is not ours: npm's smpp (tests/peers/smsc.js)."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from sms.errors import SubmitRefused
from sms.ports import Incoming, Receipt
from sms.smpp.client import SmppGateway, SmppLink
from vocabulary.clock import SystemClock

pytestmark = pytest.mark.peer
PEERS = Path(__file__).parents[2] / "peers"
PATIENCE_S = 20


class Gateway:
    """The peer's process and what our client heard from it."""

    def __init__(self, port: int, log: Path) -> None:
        self.port, self.log = port, log
        self.heard: list[Receipt | Incoming] = []
        self._news = asyncio.Condition()

    async def take(self, batch: list[Receipt | Incoming]) -> None:
        async with self._news:
            self.heard += batch
            self._news.notify_all()

    async def until(self, enough: Callable[[list[Receipt | Incoming]], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S), self._news:
            await self._news.wait_for(lambda: enough(self.heard))

    @property
    def received(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.log.read_text().splitlines()]


@pytest.fixture
async def smsc(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Gateway]:
    if not (shutil.which("node") and (PEERS / "node_modules" / "smpp").exists()):
        missing = "the SMPP peer is not installed: make peers"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gateway = Gateway(port, tmp_path / "log")
    environment = os.environ | {"PORT": str(port), "LOG": str(gateway.log)} | getattr(request, "param", {})
    peer = await asyncio.create_subprocess_exec(
        "node", str(PEERS / "smsc.js"), env=environment, stdout=asyncio.subprocess.PIPE
    )
    assert peer.stdout is not None
    async with asyncio.timeout(PATIENCE_S):
        assert b"listening" in await peer.stdout.readline()
    yield gateway
    peer.kill()
    await peer.communicate()


@pytest.fixture
async def client(smsc: Gateway) -> AsyncIterator[SmppGateway]:
    link = SmppLink("127.0.0.1", smsc.port, "nuanxian", "secret", window=4, reconnect_first_s=0.05)
    client = SmppGateway(link, SystemClock())
    await client.start(smsc.take)
    async with asyncio.timeout(PATIENCE_S):
        await client.wait_bound()
    yield client
    await client.stop()


async def test_a_submit_brings_its_id_a_receipt_and_the_users_reply(smsc: Gateway, client: SmppGateway) -> None:
    async with asyncio.timeout(PATIENCE_S):
        ids = await client.submit("8613800001234", "0012", "请评价:回复1满意")
    await smsc.until(lambda heard: len(heard) >= 2)
    assert Receipt(ids[0], True, "DELIVRD 000") in smsc.heard
    assert Incoming("8613800001234", "106900965560012", "满意", None) in smsc.heard


async def test_more_submits_than_the_window_are_all_answered(smsc: Gateway, client: SmppGateway) -> None:
    async with asyncio.timeout(PATIENCE_S):
        ids = await asyncio.gather(*(client.submit("8613800001234", "", f"{n}") for n in range(20)))
    assert len({id_ for (id_,) in ids}) == 20


async def test_a_long_text_goes_in_segments_of_67(smsc: Gateway, client: SmppGateway) -> None:
    async with asyncio.timeout(PATIENCE_S):
        ids = await client.submit("8613800001234", "", "暖" * 150)
    assert len(ids) == 3
    await smsc.until(lambda heard: sum(isinstance(item, Receipt) for item in heard) == 3)
    assert all(row["long"] for row in smsc.received)


@pytest.mark.parametrize("smsc", [{"THROTTLE": "1"}], indirect=True)
async def test_throttling_is_a_temporary_refusal(smsc: Gateway, client: SmppGateway) -> None:
    with pytest.raises(SubmitRefused) as refusal:
        async with asyncio.timeout(PATIENCE_S):
            await client.submit("8613800001234", "", "您好")
    assert refusal.value.temporary


@pytest.mark.parametrize("smsc", [{"DROP": "1"}], indirect=True)
async def test_a_dropped_link_leaves_the_submit_unknown_and_is_bound_again(smsc: Gateway, client: SmppGateway) -> None:
    async with asyncio.timeout(PATIENCE_S):
        with pytest.raises(TimeoutError, match="no answer to the submit"):
            await client.submit("8613800001234", "", "您好")
        await client.wait_bound()
        assert await client.submit("8613800001234", "", "再见") == ["0000000002"]
