"""baresip and pyVoIP as phones: they register with digest, are called, are held, call, and leave."""

import asyncio
import os
import shutil
import socket
import wave
from pathlib import Path

import pytest

from telephony.sip import (
    AddressPolicy,
    Contact,
    Credentials,
    DialogEnd,
    LocalMedia,
    MediaDirection,
    SipEndpoint,
    SipSettings,
    WrongPasswordLimiter,
    make_offer,
    read_answer,
)
from tests.fakes.sip_hotline import Notes, Owner
from vocabulary.clock import SystemClock

BARESIP = shutil.which("baresip")
WAIT_S = 15.0
LOCAL = LocalMedia("127.0.0.1", 40500, 1)

pytestmark = pytest.mark.peer


class Desk(Owner):
    """An owner that can be waited for."""

    def __init__(self, *, accept_at_once: bool = False) -> None:
        super().__init__(accept_at_once=accept_at_once)
        self.local = LOCAL
        self.came = asyncio.Event()
        self.went = asyncio.Event()

    def registration_changed(self, account: str, contacts: tuple[Contact, ...]) -> None:
        super().registration_changed(account, contacts)
        (self.came if contacts else self.went).set()


class Told(Notes):
    def __init__(self) -> None:
        super().__init__()
        self.up = asyncio.Event()
        self.over = asyncio.Event()

    def answered(self, sdp: str | None, fork: str) -> None:
        super().answered(sdp, fork)
        self.up.set()

    def ended(self, end: DialogEnd) -> None:
        super().ended(end)
        self.over.set()


def endpoint(owner: Owner) -> SipEndpoint:
    clock = SystemClock()
    accounts = {"6001": Credentials("6001", "secret")}
    policy = AddressPolicy([], accounts.get, WrongPasswordLimiter(clock.monotonic_s))
    return SipEndpoint(SipSettings(port=0), clock, owner, policy)


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def baresip_folder(folder: Path, port: int, transport: str) -> None:
    modules = next(path for path in (Path("/usr/lib/baresip/modules"), *Path("/usr/lib").glob("*/baresip/modules")))
    names = ("module g711.so", "module aufile.so", "module_app account.so", "module_app menu.so")
    lines = [f"sip_listen 127.0.0.1:{free_port()}", f"module_path {modules}", *names]
    lines += [f"audio_source aufile,{folder}/says.wav", f"audio_player aufile,{folder}/heard.wav"]
    with wave.open(str(folder / "says.wav"), "wb") as says:
        says.setnchannels(1)
        says.setsampwidth(2)
        says.setframerate(8000)
        says.writeframes(bytes(16_000 * 10))
    (folder / "config").write_text("\n".join(lines) + "\n", "ascii")
    (folder / "contacts").write_text("", "ascii")
    address = f"<sip:6001@127.0.0.1:{port};transport={transport}>"
    (folder / "accounts").write_text(f"{address};auth_user=6001;auth_pass=secret;answermode=auto;regint=60\n", "ascii")


@pytest.mark.skipif(BARESIP is None and not os.environ.get("CI"), reason="baresip is missing (Debian: baresip)")
@pytest.mark.parametrize("transport", ["udp", "tcp"])
async def test_baresip_registers_answers_is_held_and_leaves(transport: str, tmp_path: Path) -> None:
    if BARESIP is None:
        pytest.fail("baresip is missing, and CI is set")
    desk = Desk()
    sip = endpoint(desk)
    await sip.start()
    baresip_folder(tmp_path, sip.port, transport)
    with (tmp_path / "log").open("wb") as log:
        phone = await asyncio.create_subprocess_exec(
            BARESIP, "-f", str(tmp_path), stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        async with asyncio.timeout(WAIT_S):
            await desk.came.wait()
            (contact,) = sip.contacts("6001")
            assert contact.flow.transport == transport
            told, offer = Told(), make_offer(LOCAL)
            call = sip.invite(contact.uri, caller="96556", events=told, sdp=offer, hop=contact.flow, account="6001")
            await told.up.wait()
            assert read_answer(offer, told.sdp or "").event_pt_out == 101
            held = await call.reinvite(make_offer(LOCAL.next_version(), MediaDirection.SENDONLY))
            assert "a=recvonly" in (held.sdp or "")
            call.bye()
            phone.terminate()
            await desk.went.wait()
    finally:
        if phone.returncode is None:
            phone.kill()
        await phone.wait()
        await sip.stop(grace_s=0.2)


async def test_pyvoip_registers_calls_and_hangs_up() -> None:
    from pyVoIP.VoIP import CallState, VoIPPhone

    desk = Desk(accept_at_once=True)
    sip = endpoint(desk)
    await sip.start()
    phone = VoIPPhone(
        "127.0.0.1",
        sip.port,
        "6001",
        "secret",
        myIP="127.0.0.1",
        sipPort=free_port(),
        rtpPortLow=41000,
        rtpPortHigh=41100,
    )
    try:
        async with asyncio.timeout(WAIT_S):
            await asyncio.to_thread(phone.start)
            await desk.came.wait()
            call = await asyncio.to_thread(phone.call, "96556")
            while call.state is not CallState.ANSWERED:
                await asyncio.sleep(0.05)
            while "acked" not in desk.notes[0].events:
                await asyncio.sleep(0.05)
            assert (desk.invites[0].account, desk.invites[0].dialled) == ("6001", "96556")
            await asyncio.to_thread(call.hangup)
            while desk.notes[0].names != ["acked", "DialogEnd"]:
                await asyncio.sleep(0.05)
    finally:
        await asyncio.to_thread(phone.stop)
        await sip.stop(grace_s=0.2)
