"""The worker's end of the control link."""

import asyncio
import stat
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telephony.media.io.control_link import ControlServer
from telephony.media.messages import AskWorker, AudioArrived, Command, Fact
from vocabulary.framing import frame, messages

pytestmark = pytest.mark.unit


class Control:
    """A server with what it was told."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.commands: asyncio.Queue[Command] = asyncio.Queue()
        self.abandoned = asyncio.Event()
        self.server = ControlServer(self.commands.put_nowait, self.abandoned.set)


@pytest.fixture
async def control(tmp_path: Path) -> AsyncIterator[Control]:
    control = Control(tmp_path / "c.sock")
    control.path.touch()  # left by a dead worker
    await control.server.start(control.path)
    yield control
    control.server.stop()
    await asyncio.sleep(0)


async def test_only_the_user_of_the_server_may_connect(control: Control) -> None:
    assert stat.S_IMODE(control.path.stat().st_mode) == 0o600


async def test_commands_and_facts_pass_and_the_end_is_noticed(control: Control) -> None:
    reader, writer = await asyncio.open_unix_connection(str(control.path))
    writer.write(frame(AskWorker(3)))
    assert await asyncio.wait_for(control.commands.get(), 2) == AskWorker(3)
    control.server.send(AudioArrived("a"))
    facts = messages(reader, Fact)
    assert await asyncio.wait_for(anext(facts), 2) == AudioArrived("a")
    await facts.aclose()
    writer.close()
    await asyncio.wait_for(control.abandoned.wait(), 2)
    control.server.send(AudioArrived("nobody hears"))


async def test_a_second_client_is_turned_away_and_the_first_stays(control: Control) -> None:
    _, first = await asyncio.open_unix_connection(str(control.path))
    first.write(frame(AskWorker(1)))
    await asyncio.wait_for(control.commands.get(), 2)
    reader, second = await asyncio.open_unix_connection(str(control.path))
    assert await asyncio.wait_for(reader.read(), 2) == b""
    assert not control.abandoned.is_set()
    first.close()
    second.close()


async def test_a_client_that_sends_what_is_no_command_is_closed(control: Control) -> None:
    reader, writer = await asyncio.open_unix_connection(str(control.path))
    writer.write(frame(AudioArrived("no command")))
    assert await asyncio.wait_for(reader.read(), 2) == b""
    await asyncio.wait_for(control.abandoned.wait(), 2)
    writer.close()
