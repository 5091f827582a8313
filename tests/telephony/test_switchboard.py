"""Real calls over UDP: sipp and this project's own phones against a running switchboard, records and files checked."""

import asyncio
import contextlib
import json
import os
import shutil
import sys
import tempfile
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from telephony.call_record import MemoryJournal
from telephony.causes import Cause
from telephony.dial_plan import DialPlan, PlanAction, PlanRow
from telephony.ports import Call, CallFailed, NumberTarget, RecordingFile, SeatTarget
from telephony.switchboard import Switchboard, TelephonyConfig
from telephony.trunks import SimulatedLine, Trunk, TrunkKind
from vocabulary.audio_frame import AudioFile
from vocabulary.clock import SystemClock
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.peer

ROOT = Path(__file__).resolve().parents[2]
SIPP = shutil.which("sipp")
needs_sipp = pytest.mark.skipif(
    SIPP is None and not os.environ.get("CI"), reason="sipp is missing (Debian: sip-tester)"
)
TONE = bytes([0x34] * 8 + [0xB4] * 8) * 500
"""One second."""


class Office:
    """A switchboard on free ports and what it noted."""

    def __init__(self, folder: Path) -> None:
        self.prompt = AudioFile(folder / "tone.alaw", "")
        self.prompt.path.write_bytes(TONE)
        self.journal = MemoryJournal()
        self.files: list[RecordingFile] = []
        self.faults: list[BaseException] = []
        plan = (
            PlanRow("1000", PlanAction.PROMPT, prompt=self.prompt),
            PlanRow("3000", PlanAction.WAIT),
            PlanRow("96556", PlanAction.HOTLINE),
            PlanRow(r"\*.*", PlanAction.PHONE_CODE, from_trunks=False),
        )
        self.board = Switchboard(
            TelephonyConfig(
                spool=folder / "spool",
                socket_path=folder / "media.sock",
                port=0,
                accounts={"8001": "secret-8001", "user": "secret-user"},
                trunks=(
                    Trunk("peer", TrunkKind.ADDRESS, networks=("127.0.0.1",), source_ports=tuple(range(15060, 15070))),
                    Trunk(
                        "sim", TrunkKind.SIM, callers=("96556",),
                        lines=(SimulatedLine("user", PhoneNumber("+8613900000001")),),
                    ),
                ),
                plan=DialPlan(plan),
                rtp_port_low=46000,
                rtp_port_high=46400,
            ),
            clock=SystemClock(),
            journal=self.journal,
            keyer=PhoneKeyer(b"k" * 32),
        )  # fmt: skip

        async def recorded(_call: Call, file: RecordingFile) -> None:
            self.files.append(file)

        self.board.calls.on_recording(recorded)

    async def ended(self, calls: int, within_s: float = 10.0) -> None:
        """Return when so many calls have their closing record."""
        async with asyncio.timeout(within_s):
            while len(self.journal.records) < calls:
                await asyncio.sleep(0.02)


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    with tempfile.TemporaryDirectory(prefix="nx-board-") as folder:
        office = Office(Path(folder))
        await office.board.start()
        yield office
        await office.board.stop()


class Load:
    """Phones of ``benchmarks.generator`` in a process of their own."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, office: Office, **order: Any) -> "Load":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "benchmarks.generator", stdin=PIPE, stdout=PIPE, cwd=ROOT
        )
        load = cls(process)
        await load.tell(server=["127.0.0.1", office.board.port], **order)
        return load

    async def tell(self, **command: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(command).encode() + b"\n")
        await self._process.stdin.drain()

    async def wait_for(self, event: str, within_s: float = 20.0) -> dict[str, Any]:
        assert self._process.stdout
        async with asyncio.timeout(within_s):
            while line := await self._process.stdout.readline():
                said: dict[str, Any] = json.loads(line)
                if said["event"] == event:
                    return said
        raise AssertionError(f"no {event}")

    async def end(self) -> dict[str, Any]:
        await self.tell(do="finish")
        result = await self.wait_for("result")
        await self._process.wait()
        return result

    async def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


async def sipp(office: Office, *arguments: str) -> int:
    """sipp's own caller scenario; its exit status."""
    assert SIPP
    target = f"127.0.0.1:{office.board.port}"
    command = [SIPP, target, "-sn", "uac", "-i", "127.0.0.1", "-nostdin", "-timeout", "15s", *arguments]
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE, cwd=tempfile.gettempdir())
    await process.communicate()
    assert process.returncode is not None
    return process.returncode


@needs_sipp
async def test_sipps_calls_are_answered_ended_and_each_has_its_record(office: Office) -> None:
    code = await sipp(office, "-s", "3000", "-m", "20", "-r", "20", "-d", "100", "-p", "15060", "-mp", "46600")
    assert code == 0
    await office.ended(20)
    assert {record.cause for record in office.journal.records} == {Cause.NORMAL}
    assert all(record.answered_at is not None and record.trunk == "peer" for record in office.journal.records)
    assert office.board.calls.live_calls == 0
    assert office.board.worker.leg_count == 0


@needs_sipp
async def test_sipps_call_to_an_unknown_number_is_refused_and_recorded(office: Office) -> None:
    assert await sipp(office, "-s", "4711", "-m", "1", "-p", "15061", "-mp", "46610") == 1
    await office.ended(1)
    assert office.journal.records[0].cause is Cause.NOT_FOUND


@needs_sipp
async def test_sipp_from_no_trunk_and_without_password_reaches_nobody(office: Office) -> None:
    assert await sipp(office, "-s", "3000", "-m", "1", "-p", "15099", "-mp", "46620") == 1
    assert office.journal.records == []
    assert office.board.endpoint.stats().challenged == 1


async def test_a_prompt_is_heard_twenty_milliseconds_apart(office: Office) -> None:
    callers = await Load.start(office, role="callers", port=15062, dialled="1000", calls=3, rate=20, until="audio")
    try:
        await callers.wait_for("up")
        await callers.tell(do="window", seconds=1.0)
        await callers.wait_for("window_over")
        result = await callers.end()
    finally:
        await callers.kill()
    assert [call["status"] for call in result["calls"]] == [200, 200, 200]
    assert 19 < result["gap_p50_ms"] < 21
    assert all(call["lost"] == 0 and call["in_window"] >= 45 for call in result["calls"])
    await office.ended(3)


async def test_a_caller_and_a_registered_phone_hear_each_other_and_are_recorded(office: Office) -> None:
    async def bridge(call: Call) -> None:
        await call.first_leg.answer()
        seat = await call.originate(SeatTarget("8001"), caller_id="13900000000", ring_s=5)
        await call.record(call.first_leg)
        joined = await call.bridge(call.first_leg, seat)
        await joined.ended()

    office.board.calls.on_inbound(bridge)
    seats = await Load.start(office, role="seats", accounts=[["8001", "secret-8001"]])
    callers: Load | None = None
    try:
        await seats.wait_for("ready")
        assert office.board.calls.registered("8001")
        callers = await Load.start(
            office, role="callers", port=15063, dialled="96556", calls=1, rate=10, until="bridge"
        )
        await callers.wait_for("up")
        await callers.tell(do="window", seconds=1.0)
        await callers.wait_for("window_over")
        caller = (await callers.end())["calls"][0]
        await office.ended(1)
        seat = (await seats.end())["calls"][0]
    finally:
        await seats.kill()
        if callers:
            await callers.kill()
    assert caller["heard_other_at_s"] is not None
    assert seat["heard_caller"]
    (record,) = office.journal.records
    assert [leg.cause for leg in record.legs] == [Cause.NORMAL, Cause.NORMAL]
    assert record.legs[0].bridged_s > 1.0
    assert record.legs[0].packets_received > 50
    async with asyncio.timeout(5):
        while not office.files:
            await asyncio.sleep(0.02)
    (file,) = office.files
    assert file.complete
    assert abs(file.duration_s - record.legs[0].bridged_s) < 0.2
    assert Path(file.path).stat().st_size > 16000


async def test_an_outbound_call_reaches_the_simulated_subscriber_and_an_absent_one_is_told(office: Office) -> None:
    call = await office.board.calls.new_call(purpose="callback")
    with pytest.raises(CallFailed) as failed:
        await call.originate(NumberTarget(PhoneNumber("+8613900000001")), caller_id="96556", ring_s=5)
    assert failed.value.cause is Cause.NOT_REGISTERED
    phone = await Load.start(office, role="seats", accounts=[["user", "secret-user"]])
    try:
        await phone.wait_for("ready")
        leg = await call.originate(NumberTarget(PhoneNumber("+8613900000001")), caller_id="96556", ring_s=5)
        played = await leg.play(office.prompt)
        assert played.finished
        await leg.hangup()
        await office.ended(1)
    finally:
        await phone.kill()
    (record,) = office.journal.records
    assert (record.purpose, record.cause, record.trunk) == ("callback", Cause.NORMAL, "sim")
    assert record.dialled == "139****0001"


async def test_a_dead_media_worker_ends_its_calls_with_the_cause_and_the_next_call_works(office: Office) -> None:
    callers = await Load.start(office, role="callers", port=15064, dialled="1000", calls=1, rate=20, until="audio")
    try:
        await callers.wait_for("up")
        process = office.board.worker._process
        assert process
        process.kill()
        await office.ended(1)
        assert office.journal.records[0].cause is Cause.MEDIA_LOST
        async with asyncio.timeout(15):
            while not office.board.worker.running:
                await asyncio.sleep(0.05)
        await callers.tell(do="more", calls=1)
        await callers.wait_for("up")
        result = await callers.end()
    finally:
        await callers.kill()
    assert result["calls"][0]["by_server"]
    assert result["calls"][1]["status"] == 200


async def test_ringing_is_reliable_on_the_trunks_that_are_set_so(tmp_path: Path) -> None:
    trunks = tuple(
        Trunk(name, TrunkKind.ADDRESS, host="127.0.0.1", reliable_ringing=reliable)
        for name, reliable in (("modern", True), ("plain", False))
    )
    config = TelephonyConfig(tmp_path, tmp_path / "media.sock", port=0, trunks=trunks)
    board = Switchboard(config, clock=SystemClock(), journal=MemoryJournal(), keyer=PhoneKeyer(b"k" * 32))
    await board.endpoint.start()
    try:
        agents = [board.endpoint.agent("<sip:x@h>", trunk=trunk, account=None) for trunk in ("modern", "plain", None)]
        assert [agent.reliable for agent in agents] == [True, False, False]
    finally:
        await board.endpoint.stop(grace_s=0)
