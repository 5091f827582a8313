"""sipp as caller, phone, carrier and called phone, over real UDP and TCP on loopback."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from telephony.sip import (
    AddressPolicy,
    Credentials,
    Hop,
    IncomingInvite,
    InviteFailed,
    MediaDirection,
    Provisional,
    SipEndpoint,
    SipSettings,
    Transfer,
    TrustedAddress,
    WrongPasswordLimiter,
    answer_offer,
    make_offer,
)
from tests.fakes.sip_hotline import LOCAL, Notes, Owner
from vocabulary.clock import SystemClock

SIPP = shutil.which("sipp")
PEERS = Path(__file__).parents[2] / "peers"

pytestmark = [
    pytest.mark.peer,
    pytest.mark.skipif(SIPP is None and not os.environ.get("CI"), reason="sipp is missing (Debian: sip-tester)"),
]
TRANSPORTS = pytest.mark.parametrize("transport", ["udp", "tcp"])
WAIT_S = 20.0


class Told(Notes):
    """Notes that can be waited for."""

    def __init__(self) -> None:
        super().__init__()
        self.over = asyncio.Event()
        self.up = asyncio.Event()
        self.ringing = asyncio.Event()

    def provisional(self, event: Provisional) -> None:
        super().provisional(event)
        self.ringing.set()

    def answered(self, sdp: str | None, fork: str) -> None:
        super().answered(sdp, fork)
        self.up.set()

    def failed(self, event: InviteFailed) -> None:
        super().failed(event)
        self.over.set()


class Machine:
    """The endpoint under test on loopback; trusts 127.0.0.1 unless ``digest``."""

    def __init__(self, *, digest: bool = False, owner: Owner | None = None) -> None:
        clock = SystemClock()
        self.owner = owner or Owner(accept_at_once=True)
        trusted = [] if digest else [TrustedAddress("carrier", "127.0.0.1")]
        policy = AddressPolicy(
            trusted, {"6001": Credentials("6001", "secret")}.get, WrongPasswordLimiter(clock.monotonic_s)
        )
        self.endpoint = SipEndpoint(SipSettings(port=0), clock, self.owner, policy)

    async def __aenter__(self) -> "Machine":
        await self.endpoint.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.endpoint.stop(grace_s=0.5)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def sipp(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    if SIPP is None:
        pytest.fail("sipp is missing, and CI is set")
    return await asyncio.create_subprocess_exec(
        SIPP, *arguments, "-i", "127.0.0.1", "-nostdin", "-timeout", f"{WAIT_S:.0f}", "-timeout_error", "-trace_err",
        "-error_file", str(folder / "errors.log"), "-cid_str", "%u-%p@peer",
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.STDOUT, cwd=folder,
    )  # fmt: skip


async def finished(process: asyncio.subprocess.Process, folder: Path) -> None:
    """sipp has ended and found nothing wrong."""
    try:
        status = await asyncio.wait_for(process.wait(), WAIT_S + 5)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    errors = folder / "errors.log"
    assert status == 0, errors.read_text("utf-8", "replace")[-3000:] if errors.exists() else f"sipp ended with {status}"


async def listening(process: asyncio.subprocess.Process, port: int, transport: str) -> None:
    """Return when sipp answers for its port."""
    async with asyncio.timeout(5):
        while process.returncode is None:
            kind = socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM
            with socket.socket(socket.AF_INET, kind) as probe:
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    return
            await asyncio.sleep(0.02)


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    async with Machine() as machine:
        yield machine


def flag(transport: str) -> tuple[str, str]:
    return "-t", "t1" if transport == "tcp" else "u1"


@TRANSPORTS
async def test_a_hundred_calls_of_sipps_own_caller(machine: Machine, transport: str, tmp_path: Path) -> None:
    at = f"127.0.0.1:{machine.endpoint.port}"
    calls = ("-r", "100", "-m", "100", "-d", "100", "-p", str(free_port()))
    await finished(await sipp(tmp_path, at, "-sn", "uac", *flag(transport), *calls), tmp_path)
    assert len(machine.owner.invites) == 100
    assert all(notes.names == ["acked", "DialogEnd"] for notes in machine.owner.notes)
    stats = machine.endpoint.stats()
    assert (stats.dialogs, stats.malformed) == (0, 0)


@TRANSPORTS
async def test_a_phone_registers_two_contacts_calls_with_digest_and_holds(transport: str, tmp_path: Path) -> None:
    async with Machine(digest=True) as machine:
        accounts = tmp_path / "accounts.csv"
        accounts.write_text("SEQUENTIAL\n6001;[authentication username=6001 password=secret]\n", "ascii")
        at = f"127.0.0.1:{machine.endpoint.port}"
        scenario = ("-sf", str(PEERS / "sipp-uac-auth.xml"), "-inf", str(accounts), "-s", "96556", "-m", "1")
        await finished(await sipp(tmp_path, at, *scenario, *flag(transport), "-p", str(free_port())), tmp_path)
        # over TCP both go with sipp's connection
        assert machine.owner.registrations[0] == ("6001", 2)
        assert len(machine.endpoint.contacts("6001")) == (2 if transport == "udp" else 0)
        assert [invite.account for invite in machine.owner.invites] == ["6001"]
        assert machine.owner.notes[0].names[:2] == ["acked", "offered"]
        assert machine.owner.notes[0].events[2].startswith(b"Signal=1")  # type: ignore[attr-defined]
        assert machine.owner.notes[0].names[-1] == "DialogEnd"


@TRANSPORTS
async def test_a_caller_gives_up_while_it_rings(transport: str, tmp_path: Path) -> None:
    class Ringing(Owner):
        def invited(self, invite) -> None:  # type: ignore[no-untyped-def]
            super().invited(invite)
            invite.progress(180)

    async with Machine(owner=Ringing()) as machine:
        at = f"127.0.0.1:{machine.endpoint.port}"
        scenario = ("-sf", str(PEERS / "sipp-uac-cancel.xml"), "-s", "96556", "-m", "5", "-r", "50")
        await finished(await sipp(tmp_path, at, *scenario, *flag(transport), "-p", str(free_port())), tmp_path)
        assert [notes.events for notes in machine.owner.notes] == [["cancelled"]] * 5


@TRANSPORTS
async def test_a_carrier_challenges_rings_with_early_media_and_refuses_a_hold_once(
    machine: Machine, transport: str, tmp_path: Path
) -> None:
    port = free_port()
    scenario = ("-sf", str(PEERS / "sipp-uas-trunk.xml"), "-m", "1", "-p", str(port))
    process = await sipp(tmp_path, *scenario, *flag(transport))
    await listening(process, port, transport)
    told = Told()
    call = machine.endpoint.invite(
        f"sip:13900009999@127.0.0.1:{port}",
        caller="96556",
        events=told,
        sdp=make_offer(LOCAL),
        hop=Hop("127.0.0.1", port, transport),
        credentials=Credentials("hotline", "pw", realm="carrier.example"),
    )
    try:
        async with asyncio.timeout(WAIT_S):
            await told.up.wait()
            held = await call.reinvite(make_offer(LOCAL.next_version(), MediaDirection.SENDONLY))
    except TimeoutError:
        await finished(process, tmp_path)
        raise
    assert held.accepted
    assert told.names == ["Provisional", "answered"]
    call.bye()
    await finished(process, tmp_path)


@TRANSPORTS
async def test_our_cancel_stops_a_ringing_phone(machine: Machine, transport: str, tmp_path: Path) -> None:
    port = free_port()
    scenario = ("-sf", str(PEERS / "sipp-uas-ringing.xml"), "-m", "1", "-p", str(port))
    process = await sipp(tmp_path, *scenario, *flag(transport))
    await listening(process, port, transport)
    told = Told()
    hop = Hop("127.0.0.1", port, transport)
    call = machine.endpoint.invite(
        f"sip:phone@127.0.0.1:{port}", caller="96556", events=told, sdp=make_offer(LOCAL), hop=hop
    )
    async with asyncio.timeout(WAIT_S):
        await told.ringing.wait()
        call.cancel()
        await told.over.wait()
    assert told.events[-1] == InviteFailed(487, "Request Terminated")
    await finished(process, tmp_path)


async def test_sipps_own_callee_is_called_and_rung_off(machine: Machine, tmp_path: Path) -> None:
    port = free_port()
    process = await sipp(tmp_path, "-sn", "uas", "-m", "1", "-p", str(port))
    await listening(process, port, "udp")
    told = Told()
    offer = make_offer(LOCAL)
    call = machine.endpoint.invite(f"sip:x@127.0.0.1:{port}", caller="96556", events=told, sdp=offer)
    async with asyncio.timeout(WAIT_S):
        await told.up.wait()
    call.bye()
    await finished(process, tmp_path)
    assert answer_offer(told.sdp or "", LOCAL).agreement.remote_port == 6000


@TRANSPORTS
async def test_a_caller_that_requires_100rel_and_timers_acknowledges_and_refreshes(
    transport: str, tmp_path: Path
) -> None:
    class EarlyMedia(Owner):
        def invited(self, invite: IncomingInvite) -> None:
            super().invited(invite)
            answer = answer_offer(invite.sdp or "", LOCAL).sdp
            invite.progress(183, answer)
            invite.accept(answer)

    async with Machine(owner=EarlyMedia()) as machine:
        at = f"127.0.0.1:{machine.endpoint.port}"
        scenario = ("-sf", str(PEERS / "sipp-uac-timer-prack.xml"), "-s", "96556", "-m", "3", "-r", "10")
        await finished(await sipp(tmp_path, at, *scenario, *flag(transport), "-p", str(free_port())), tmp_path)
        assert [notes.names for notes in machine.owner.notes] == [["acked", "DialogEnd"]] * 3
        assert machine.endpoint.stats().dialogs == 0


@TRANSPORTS
async def test_a_carrier_with_422_and_421_is_refreshed_and_rung_off_when_it_does_not_refresh(
    machine: Machine, transport: str, tmp_path: Path
) -> None:
    port = free_port()
    scenario = ("-sf", str(PEERS / "sipp-uas-timer-prack.xml"), "-m", "1", "-p", str(port))
    process = await sipp(tmp_path, *scenario, *flag(transport))
    await listening(process, port, transport)
    told = Told()
    hop = Hop("127.0.0.1", port, transport)
    machine.endpoint.invite(
        f"sip:13900009999@127.0.0.1:{port}", caller="96556", events=told, sdp=make_offer(LOCAL), hop=hop
    )
    await finished(process, tmp_path)
    assert told.names == ["Provisional", "answered", "DialogEnd"]


@TRANSPORTS
async def test_a_phone_transfers_and_hears_how_it_went(machine: Machine, transport: str, tmp_path: Path) -> None:
    class Transferring(Told):
        def transfer_asked(self, transfer: Transfer) -> None:
            super().transfer_asked(transfer)
            transfer.accept()
            asyncio.get_running_loop().call_later(0.2, transfer.tell, 200)

    port = free_port()
    scenario = ("-sf", str(PEERS / "sipp-uas-refer.xml"), "-m", "1", "-p", str(port))
    process = await sipp(tmp_path, *scenario, *flag(transport))
    await listening(process, port, transport)
    told = Transferring()
    machine.endpoint.invite(
        f"sip:6001@127.0.0.1:{port}", caller="96556", events=told, sdp=make_offer(LOCAL),
        hop=Hop("127.0.0.1", port, transport), account="6001",
    )  # fmt: skip
    await finished(process, tmp_path)
    assert told.names == ["answered", "TransferWish", "DialogEnd"]
