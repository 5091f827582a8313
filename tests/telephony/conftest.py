"""A hotline in memory: real calls over a fake SIP line and a fake media worker."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import pytest

from telephony.call_record import MemoryJournal
from telephony.calls import CallRules, Calls
from telephony.causes import Cause
from telephony.dial_plan import DialPlan, PlanAction, PlanRow
from telephony.legs import LegMedia
from telephony.media import MediaWorker
from telephony.ports import Call, RecordingFile
from telephony.sip import IncomingInvite, SipEndpoint
from telephony.trunks import SimulatedLine, Trunk, TrunkKind
from tests.fakes.clock import FakeClock
from tests.fakes.media_worker import FakeMediaWorker
from tests.fakes.sip_line import FakeEndpoint, FakeInvite
from vocabulary.audio_frame import AudioFile
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

GREETING = AudioFile(Path("/prompts/greeting.alaw"), "您好")
MUSIC = AudioFile(Path("/prompts/music.alaw"))
TRUNKS = (
    Trunk(
        "unicom", TrunkKind.ADDRESS, networks=("203.0.113.0/29",), host="203.0.113.2", callers=("96556",), priority=1
    ),
    Trunk(
        "telecom", TrunkKind.REGISTER, networks=("198.51.100.7",), host="sbc.example", username="96556", password="s",
        callers=("96556",), priority=2, dialled="96556",
    ),
    Trunk(
        "sim", TrunkKind.SIM, callers=("96556",), priority=9, carries="1390.*",
        lines=(SimulatedLine("softphone", PhoneNumber("+8613900000001")),),
    ),
)  # fmt: skip
PLAN = DialPlan(
    (
        PlanRow(r"\*.*", PlanAction.PHONE_CODE, from_trunks=False),
        PlanRow("96556", PlanAction.HOTLINE),
        PlanRow("1000", PlanAction.PROMPT, prompt=MUSIC),
        PlanRow("2000", PlanAction.SEAT, seat="127.0.0.1:5090"),
        PlanRow("2100", PlanAction.SEAT, seat="8001", record=False, ring_s=0.05),
        PlanRow("3000", PlanAction.WAIT),
    )
)


@dataclass
class Hotline:
    """Everything a test needs to play a caller, a seat and the trade."""

    calls: Calls
    worker: FakeMediaWorker
    endpoint: FakeEndpoint
    journal: MemoryJournal
    clock: FakeClock
    served: list[Call] = field(default_factory=list)
    files: list[RecordingFile] = field(default_factory=list)

    def ring(self, **options: Any) -> FakeInvite:
        """A call comes in."""
        invite = FakeInvite(**options)
        self.calls.invited(cast(IncomingInvite, invite))
        return invite

    def serve(self, handler: Callable[[Call], Awaitable[None]]) -> None:
        """What the trade does with inbound calls and with those of phones."""

        async def noted(call: Call) -> None:
            self.served.append(call)
            await handler(call)

        self.calls.on_inbound(noted)
        self.calls.on_account_call(noted)

    def answer(self, *, then: Callable[[Call], Awaitable[None]] | None = None) -> None:
        """The trade answers every call and, after ``then``, waits for its end."""

        async def handler(call: Call) -> None:
            await call.first_leg.answer()
            if then:
                await then(call)
            await call.first_leg.ended()

        self.serve(handler)

    async def settled(self) -> None:
        """Let everything that can run now run."""
        for _ in range(40):
            await asyncio.sleep(0)

    async def until(self, condition: Callable[[], object], within_s: float = 2.0) -> None:
        """Wait for something to become true."""
        async with asyncio.timeout(within_s):
            while not condition():
                await asyncio.sleep(0.001)

    @property
    def causes(self) -> list[Cause | None]:
        """Of the closing records so far."""
        return [record.cause for record in self.journal.records]


def make_hotline(capacity: int = 10) -> Hotline:
    clock, worker, endpoint, journal = FakeClock(), FakeMediaWorker(), FakeEndpoint(), MemoryJournal()
    rules = CallRules(capacity, PLAN, TRUNKS)
    calls = Calls(rules, clock=clock, journal=journal, keyer=PhoneKeyer(b"k" * 32))
    calls.connect(cast(SipEndpoint, endpoint), LegMedia(cast(MediaWorker, worker), "192.0.2.1"))
    worker.on_recording = calls.recording_ended
    hotline = Hotline(calls, worker, endpoint, journal, clock)

    async def recorded(_call: Call, file: RecordingFile) -> None:
        hotline.files.append(file)

    calls.on_recording(recorded)
    return hotline


@pytest.fixture
async def hotline() -> AsyncIterator[Hotline]:
    hotline = make_hotline()
    yield hotline
    await hotline.calls.stop()


@pytest.fixture
async def small_hotline() -> AsyncIterator[Hotline]:
    """Room for two calls."""
    hotline = make_hotline(capacity=2)
    yield hotline
    await hotline.calls.stop()
