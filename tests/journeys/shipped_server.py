"""The shipped program for one test or more: ``server.py run`` on free ports with a folder of its own."""

import asyncio
import json
import os
import re
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

from benchmarks.figures import children_of
from benchmarks.server_process import free_port, settings_text

ROOT = Path(__file__).resolve().parents[2]
START_WITHIN_S = 60.0
STOP_WITHIN_S = 20.0
CHILDREN = ("media", "speech", "messages", "jobs")
Found = TypeVar("Found")


class NotStarted(Exception):
    """The program ended or never became ready; carries the end of its log."""


class ApiRefused(Exception):
    """The API answered with a problem."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"{status} {body}")
        self.status = status


def rtp_range() -> dict[str, int]:
    """Twenty ports below the kernel's own ephemeral ones, at a random place."""
    low = 10_000 + 20 * secrets.randbelow(1_000)
    return {"port_low": low, "port_high": low + 19}


class ShippedServer:
    """One installation; it may be stopped, killed and started again on the same folder.

    Args:
        folder: empty; takes settings, data and log.
        sections: settings besides ports and folders; see ``benchmarks.server_process.settings_text``.
    """

    def __init__(self, folder: Path, sections: dict[str, Any]) -> None:
        self.folder = folder
        self.data = folder / "var"
        self.log_path = folder / "server.log"
        self.sip_port, self.api_port = free_port(), free_port()
        sections = dict(sections)
        sections["sip"] = {"port": self.sip_port, **sections.get("sip", {})}
        sections["api"] = {"port": self.api_port, **sections.get("api", {})}
        sections["media"] = {**rtp_range(), **sections.get("media", {})}
        self.rtp_ports = (int(sections["media"]["port_low"]), int(sections["media"]["port_high"]))
        self.config = folder / "nuanxian.toml"
        self.config.write_text(settings_text(sections, data_folder=str(self.data)), "utf-8")
        self.config.chmod(0o600)
        self._process: subprocess.Popen[bytes] | None = None
        self._password = ""
        self._token = ""

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start it and wait for its welcome and for ``/readyz``.

        Raises:
            NotStarted: see there.
        """
        before = self.log_path.stat().st_size if self.log_path.exists() else 0
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, str(ROOT / "server.py"), "run", "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=ROOT,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + START_WITHIN_S
        while "Ctrl-C" not in self.log(before) or not self._answers("/readyz"):
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                code = self._process.poll()
                self.stop()
                raise NotStarted(f"exit status {code}\n{self.log(before)[-4000:]}")
            time.sleep(0.05)
        found = re.search(r"user admin\s+密码 password (\S+)", self.log())
        self._password = found.group(1) if found else self._password
        self._token = ""

    def stop(self) -> int | None:
        """SIGTERM and wait; the exit status, None if it had to be killed."""
        process = self._process
        if process is None:
            return None
        process.terminate()
        try:
            return process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self.kill()
            return None

    def kill(self) -> None:
        """SIGKILL to the server and all of its children, as when the machine loses power."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(10)

    def kill_server_only(self) -> None:
        """SIGKILL to the server process; its children are left to notice."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(10)

    def kill_group(self) -> None:
        """What may be left of its process group."""
        if self._process is not None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except ProcessLookupError:
                return

    @property
    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def child(self, role: str) -> int | None:
        """Process id of ``media``, ``speech``, ``messages`` or ``jobs``; None while it does not run."""
        assert self._process is not None
        for pid in children_of(self._process.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
                state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
            except OSError:
                continue
            words = " ".join(command[1:5]).replace(str(ROOT), "")
            if pid != self._process.pid and state != "Z" and role in words:
                return pid
        return None

    async def until_child(self, role: str, within_s: float = 20.0) -> int:
        """Wait until such a process runs; its id."""

        async def runs() -> int | None:
            return self.child(role)

        return await self.until(runs, within_s)

    # -- what it says of itself ---------------------------------------------------------------------------------------

    def log(self, since: int = 0) -> str:
        """Its output from a position on."""
        if not self.log_path.exists():
            return ""
        with self.log_path.open("rb") as file:
            file.seek(since)
            return file.read().decode("utf-8", "replace")

    def tracebacks(self) -> list[str]:
        """The last line of every traceback in its log."""
        return re.findall(r"^Traceback .*?^(\S[^\n]*)$", self.log(), re.M | re.S)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Read its database."""
        with closing(sqlite3.connect(f"file:{self.data / 'nuanxian.db'}?mode=ro", uri=True, timeout=10)) as connection:
            connection.row_factory = sqlite3.Row
            return [dict(row) for row in connection.execute(query)]

    def figures(self) -> dict[str, float]:
        """``/metrics``: full name with labels → value."""
        lines = self._fetch("GET", "/metrics", None)[1].splitlines()
        return {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1]) for line in lines if line and line[0] != "#"}

    # -- its API ------------------------------------------------------------------------------------------------------

    async def get(self, path: str, **query: str) -> Any:
        """GET as the administrator, as JSON.

        Raises:
            ApiRefused: see there.
        """
        return await asyncio.to_thread(self._ask, "GET", path + ("?" + urllib.parse.urlencode(query) if query else ""))

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST as the administrator, as JSON."""
        return await asyncio.to_thread(self._ask, "POST", path, body)

    async def download(self, path: str, **query: str) -> bytes:
        """GET bytes as the administrator."""
        return await asyncio.to_thread(self._download, f"{path}?{urllib.parse.urlencode(query)}")

    async def until(self, look: Callable[[], Awaitable[Found | None]], within_s: float = 20.0) -> Found:
        """Look again and again until there is something.

        Raises:
            TimeoutError: there never was.
        """
        async with asyncio.timeout(within_s):
            while not (found := await look()):
                await asyncio.sleep(0.1)
        return found

    async def until_ready(self, within_s: float = 20.0) -> None:
        """Wait until ``/readyz`` says that calls are taken."""

        async def ready() -> bool:
            return await asyncio.to_thread(self._answers, "/readyz")

        await self.until(ready, within_s)

    async def until_logged(self, text: str, within_s: float = 20.0, *, times: int = 1) -> str:
        """Wait until a text stands in its log so often; the log."""

        async def logged() -> str | None:
            log = await asyncio.to_thread(self.log)
            return log if log.count(text) >= times else None

        return await self.until(logged, within_s)

    async def seat(self, account: str) -> dict[str, Any]:
        """One seat, as the wallboard shows it."""
        row: dict[str, Any] = next(row for row in await self.get("/api/v1/seats") if row["account"] == account)
        return row

    async def until_seat(self, account: str, state: str, within_s: float = 20.0) -> dict[str, Any]:
        """Wait until a seat is in a state."""

        async def there() -> dict[str, Any] | None:
            row = await self.seat(account)
            return row if row["state"] == state else None

        return await self.until(there, within_s)

    async def until_case(self, phone: str, within_s: float = 20.0) -> dict[str, Any]:
        """Wait for the case of a caller; its row in the list."""

        async def there() -> dict[str, Any] | None:
            rows = (await self.get("/api/v1/cases", phone=phone))["rows"]
            return rows[0] if rows else None

        return await self.until(there, within_s)

    async def until_call_record(self, phone: str, within_s: float = 20.0) -> dict[str, Any]:
        """Wait until the latest call of a caller is over and written down with its legs."""

        async def there() -> dict[str, Any] | None:
            calls = await self.get("/api/v1/calls", phone=phone)
            if not calls or calls[0]["ended_at"] is None:
                return None
            answer: dict[str, Any] = await self.get(f"/api/v1/calls/{calls[0]['call']}")
            return answer if answer["legs"] else None

        return await self.until(there, within_s)

    async def until_recording(self, recording: str, within_s: float = 20.0) -> "Recording":
        """Wait until a recording can be listened to."""

        async def there() -> bytes | None:
            try:
                return await self.download(f"/api/v1/recordings/{recording}", reason="test journey")
            except ApiRefused as refused:
                if refused.status == 404:
                    return None
                raise

        return Recording(await self.until(there, within_s))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        status, text = self._fetch(method, path, body, signed=True)
        if status >= 400:
            raise ApiRefused(status, text[:800])
        return json.loads(text) if text else None

    def _download(self, path: str) -> bytes:
        request = urllib.request.Request(f"http://127.0.0.1:{self.api_port}{path}", headers=self._headers())
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                content: bytes = answer.read()
                return content
        except urllib.error.HTTPError as error:
            with error:
                raise ApiRefused(error.code, error.read().decode()[:800]) from None

    def _headers(self) -> dict[str, str]:
        if not self._token:
            status, text = self._fetch("POST", "/api/v1/sign-in", {"name": "admin", "password": self._password})
            if status >= 400:
                raise ApiRefused(status, text)
            self._token = json.loads(text)["token"]
        return {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}

    def _fetch(self, method: str, path: str, body: dict[str, Any] | None, *, signed: bool = False) -> tuple[int, str]:
        headers = self._headers() if signed else {"Content-Type": "application/json"}
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.api_port}{path}", data=data, headers=headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def _answers(self, path: str) -> bool:
        try:
            return self._fetch("GET", path, None)[0] == 200
        except OSError:
            return False


class Recording:
    """A stored recording: stereo A-law WAV, left the caller, right the hotline."""

    def __init__(self, content: bytes) -> None:
        assert content[:4] == b"RIFF" and content[8:12] == b"WAVE"
        at, form, audio = 12, b"", b""
        while at + 8 <= len(content):
            name, length = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
            body = content[at + 8 : at + 8 + length]
            form, audio = (body if name == b"fmt " else form), (body if name == b"data" else audio)
            at += 8 + length + length % 2
        assert (int.from_bytes(form[0:2], "little"), int.from_bytes(form[2:4], "little")) == (6, 2)
        self.left, self.right = audio[0::2], audio[1::2]

    @property
    def seconds(self) -> float:
        """How long it is."""
        return len(self.left) / 8000
