"""The shipped server and its API as the demonstration uses them."""

import asyncio
import json
import re
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from benchmarks.demo.peers import ROOT
from vocabulary.clock import SHANGHAI, SystemClock

Found = TypeVar("Found")


class Refused(Exception):
    """The server did not start, or refused a request; the message says which and why."""


class Server:
    """``server.py run`` with a settings file of the demonstration.

    Attributes:
        users: name → password, as the server printed them.
    """

    def __init__(self, settings: Path, log: Path, offset_file: Path) -> None:
        self._settings, self._log, self._offset_file = settings, log, offset_file
        self._process: asyncio.subprocess.Process | None = None
        self._text = ""

    async def start(self, within_s: float = 90) -> str:
        """Start and wait for the welcome; the administrator's password."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, str(ROOT / "server.py"), "run", "--config", str(self._settings)),
            stdout=asyncio.subprocess.PIPE,
            stderr=self._log.open("wb"),
            cwd=ROOT,
        )
        assert self._process.stdout is not None
        async with asyncio.timeout(within_s):
            while "Ctrl-C" not in self._text:
                line = await self._process.stdout.readline()
                if not line:
                    raise Refused(f"the server did not start; see {self._log}")
                self._text += line.decode()
        found = re.search(r"user admin\s+密码 password (\S+)", self._text)
        return found.group(1) if found else ""

    async def stop(self) -> None:
        """SIGTERM and wait."""
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            try:
                async with asyncio.timeout(20):
                    await self._process.wait()
            except TimeoutError:
                self._process.kill()

    def set_clock(self, moment: datetime) -> None:
        """Let every process of the server believe that it is this moment, from the next second on."""
        offset_s = (moment - SystemClock().now()).total_seconds()
        self._offset_file.write_text(f"{offset_s:.3f}", "ascii")

    def now(self) -> datetime:
        """The server's present, in Shanghai."""
        offset_s = float(self._offset_file.read_text("ascii"))
        return (SystemClock().now() + timedelta(seconds=offset_s)).astimezone(SHANGHAI)


def weekday_at(clock: time) -> datetime:
    """That time of the next Tuesday to Friday in Shanghai, at least a day ahead."""
    day = SystemClock().now().astimezone(SHANGHAI).date() + timedelta(days=1)
    while day.isoweekday() not in (2, 3, 4, 5):
        day += timedelta(days=1)
    return datetime.combine(day, clock, tzinfo=SHANGHAI)


class Api:
    """The server's HTTP API, signed in."""

    def __init__(self, port: int) -> None:
        self._root = f"http://127.0.0.1:{port}"
        self._session = aiohttp.ClientSession()
        self._token = ""

    async def sign_in(self, name: str, password: str) -> None:
        """Exchange the password for a token."""
        answer = await self.post("/api/v1/sign-in", {"name": name, "password": password})
        self._token = answer["token"]

    async def get(self, path: str, **query: str) -> Any:
        """GET, as JSON."""
        return await self._ask("GET", path, params=query)

    async def post(self, path: str, body: dict[str, Any]) -> Any:
        """POST, as JSON."""
        return await self._ask("POST", path, json=body)

    async def download(self, path: str, to: Path) -> None:
        """GET a file."""
        async with self._session.get(self._root + path, headers=self._headers()) as answer:
            answer.raise_for_status()
            to.write_bytes(await answer.read())

    async def until(self, look: Callable[[], Awaitable[Found | None]], within_s: float, every_s: float = 0.3) -> Found:
        """Ask again until there is something.

        Raises:
            TimeoutError: there never was.
        """
        async with asyncio.timeout(within_s):
            while (found := await look()) is None:
                await asyncio.sleep(every_s)
        return found

    async def close(self) -> None:
        """End the connection."""
        await self._session.close()

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    async def _ask(self, method: str, path: str, **options: Any) -> Any:
        async with self._session.request(method, self._root + path, headers=self._headers(), **options) as answer:
            text = await answer.text()
            if answer.status >= 400:
                raise Refused(f"{method} {path}: {answer.status} {text[:500]}")
            return json.loads(text) if text else None
