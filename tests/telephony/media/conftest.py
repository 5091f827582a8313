"""A real media worker, and who is told of what happens on it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import settings

from telephony.media import ConfigureLeg, MediaWorker, MediaWorkerConfig
from telephony.media.core.wav import HEADER_BYTES, read_header
from tests.fakes.rtp_phone import RtpPhone

Event = TypeVar("Event")

settings.register_profile("shared machine", deadline=None)  # an example is no slower for being kept waiting
settings.load_profile("shared machine")


class Events(list[Any]):
    """Keeps what it is called with; tests wait for what they need."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = asyncio.Event()

    def __call__(self, event: Any) -> None:
        self.append(event)
        self._changed.set()

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self if isinstance(event, kind)]

    async def first(
        self, kind: type[Event], true: Callable[[Event], bool] = lambda event: True, within_s: float = 5.0
    ) -> Event:
        async with asyncio.timeout(within_s):
            while True:
                found = [event for event in self.of(kind) if true(event)]
                if found:
                    return found[0]
                self._changed.clear()
                await self._changed.wait()


class Line:
    """One leg of the worker with a phone at its far end."""

    def __init__(self, worker: MediaWorker, leg: str, events: Events, phone: RtpPhone) -> None:
        self.worker = worker
        self.leg = leg
        self.events = events
        self.phone = phone

    def configure(self, **agreed: Any) -> None:
        given = {"leg": self.leg, "remote_host": "127.0.0.1", "remote_port": self.phone.port, **agreed}
        self.worker.configure(ConfigureLeg(**given))


class Hotline:
    """A media worker and its lines."""

    def __init__(self, folder: Path) -> None:
        self.recordings = Events()
        self.deaths = Events()
        self.spool = folder / "spool"
        self.config = MediaWorkerConfig("t1", folder / "m.sock", self.spool, port_low=42000, port_high=42999)
        self.restarted = asyncio.Event()
        self.worker = MediaWorker(
            self.config, on_recording=self.recordings, on_died=self.deaths, on_restarted=self.restarted.set
        )
        self.lines: list[Line] = []

    async def line(self, leg: str, **agreed: Any) -> Line:
        events = Events()
        port = await self.worker.open_leg(leg, events)
        line = Line(self.worker, leg, events, await RtpPhone.open(port))
        self.lines.append(line)
        line.configure(**agreed)
        return line


def channels(path: str) -> tuple[bytes, bytes]:
    data = Path(path).read_bytes()
    assert read_header(data) * 2 + HEADER_BYTES == len(data)
    return data[HEADER_BYTES::2], data[HEADER_BYTES + 1 :: 2]


async def two(hotline: Hotline, a: dict[str, object] | None = None, b: dict[str, object] | None = None) -> list[Line]:
    lines = [await hotline.line("a", **(a or {})), await hotline.line("b", **(b or {}))]
    hotline.worker.bridge("a", "b")
    return lines


@pytest.fixture
async def hotline(tmp_path: Path) -> AsyncIterator[Hotline]:
    hotline = Hotline(tmp_path)
    await hotline.worker.start()
    yield hotline
    await hotline.worker.stop()
    for line in hotline.lines:
        line.phone.close()
