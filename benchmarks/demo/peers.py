"""The programs of others that take part: pyVoIP as users, baresip as the seat, npm's smpp as the SMS gateway."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SMSC = ROOT / "tests" / "peers" / "smsc.js"
MODULES = ("/usr/lib/baresip/modules", "/usr/lib/x86_64-linux-gnu/baresip/modules", "/usr/local/lib/baresip/modules")


class PeerMissing(Exception):
    """A program is not installed; the message says how to get it."""


class Peer:
    """A process whose output goes to a log, and whose JSON lines are events."""

    def __init__(self, name: str, log: Path) -> None:
        self.name = name
        self._log = log.open("wb")
        self._events: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self, *command: str, environment: Mapping[str, str] | None = None) -> None:
        """Start it."""
        self._process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log,
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
        )
        self._reader = asyncio.create_task(self._read(), name=f"events of {self.name}")

    async def _read(self) -> None:
        assert self._process is not None and self._process.stdout is not None
        async for line in self._process.stdout:
            self._log.write(line)
            self._log.flush()
            if line.startswith(b"{"):
                self._events.put_nowait(json.loads(line))
            elif line.strip() == b"listening":
                self._events.put_nowait({"event": "listening"})

    def tell(self, do: str, **facts: Any) -> None:
        """Send a command."""
        assert self._process is not None and self._process.stdin is not None
        self._process.stdin.write((json.dumps({"do": do, **facts}) + "\n").encode())

    async def event(self, wanted: str, within_s: float) -> dict[str, Any]:
        """The next event of this name; others are passed over.

        Raises:
            TimeoutError: it did not come.
        """
        async with asyncio.timeout(within_s):
            while (event := await self._events.get())["event"] != wanted:
                pass
        return event

    async def stop(self) -> None:
        """End it."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(2):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()
                await self._process.wait()
        if self._reader is not None:
            await self._reader
        self._log.close()


async def start_user(name: str, password: str, ports: tuple[int, int, int], log: Path) -> Peer:
    """A pyVoIP softphone.

    Args:
        ports: of the server's SIP, its own SIP, its RTP.
    """
    peer = Peer(f"pyVoIP {name}", log)
    server, sip, rtp = (str(port) for port in ports)
    await peer.start(
        *(sys.executable, "-W", "ignore", "-m", "benchmarks.demo.pyvoip_phone"),
        *("--server-port", server, "--sip-port", sip, "--rtp-port", rtp, "--username", name),
        environment={"PHONE_PASSWORD": password},
    )
    await peer.event("registered", 30)
    return peer


async def start_gateway(port: int, replies: Mapping[str, str], log: Path) -> Peer:
    """An SMPP gateway whose users answer surveys as told."""
    if not (shutil.which("node") and (SMSC.parent / "node_modules" / "smpp").exists()):
        raise PeerMissing("the SMPP gateway is not installed: make peers (needs node and npm)")
    peer = Peer("SMPP gateway", log)
    environment = {"PORT": str(port), "PASSWORD": "secret", "REPLY": "", "REPLIES": json.dumps(dict(replies))}
    await peer.start("node", str(SMSC), environment=environment)
    await peer.event("listening", 15)
    return peer


class Seat:
    """baresip with a seat's account: it answers by itself and is told what to dial."""

    def __init__(self, folder: Path, log: Path) -> None:
        self._folder = folder
        self._peer = Peer("baresip", log)
        self._writer: asyncio.StreamWriter | None = None

    async def start(
        self, account: str, password: str, ports: tuple[int, int, int, int], speech: Path, heard: Path
    ) -> None:
        """Register.

        Args:
            ports: of the server's SIP, its own SIP, its control socket, its RTP.
            speech: what the seat says, WAV at 8 kHz.
            heard: folder in which it keeps what it heard and said.
        """
        modules = next((path for path in MODULES if Path(path).is_dir()), None)
        if modules is None or not shutil.which("baresip"):
            raise PeerMissing("baresip is not installed: sudo apt install baresip")
        server, sip, control, rtp = ports
        self._folder.mkdir(parents=True, exist_ok=True)
        names = ("account", "menu", "ctrl_tcp", "g711", "aufile", "aubridge", "sndfile", "uuid", "contact")
        kinds = {"account": "module_app", "menu": "module_app", "ctrl_tcp": "module_app", "contact": "module_app"}
        (self._folder / "config").write_text(
            "\n".join(
                [
                    f"sip_listen 127.0.0.1:{sip}",
                    "net_interface 127.0.0.1",
                    f"module_path {modules}",
                    *(f"{kinds.get(name, 'module')} {name}.so" for name in names),
                    "audio_player aubridge,nobody",
                    f"snd_path {heard}",
                    f"audio_source aufile,{speech}",
                    "audio_alert aubridge,nobody",
                    "audio_srate 8000-8000",
                    f"rtp_ports {rtp}-{rtp + 20}",
                    f"ctrl_tcp_listen 127.0.0.1:{control}",
                    "call_max_calls 2",
                ]
            )
            + "\n"
        )
        (self._folder / "accounts").write_text(
            f"<sip:{account}@127.0.0.1:{server}>;auth_pass={password};answermode=auto;regint=120;audio_codecs=PCMA\n"
        )
        (self._folder / "contacts").write_text("")
        await self._peer.start("baresip", "-f", str(self._folder))
        await self._connect(control)

    async def _connect(self, port: int) -> None:
        async with asyncio.timeout(15):
            while self._writer is None:
                try:
                    _, self._writer = await asyncio.open_connection("127.0.0.1", port)
                except OSError:
                    await asyncio.sleep(0.1)

    def command(self, command: str, parameters: str = "") -> None:
        """One command of baresip's menu, as a netstring."""
        assert self._writer is not None
        body = json.dumps({"command": command, "params": parameters, "token": "demo"})
        self._writer.write(f"{len(body)}:{body},".encode())

    async def stop(self) -> None:
        """End it."""
        if self._writer is not None:
            self._writer.close()
        await self._peer.stop()
