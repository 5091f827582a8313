"""The shipped server, started for a measurement: its settings file, its readiness, its processes and its database."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.figures import Usage, children_of, usage

ROOT = Path(__file__).resolve().parent.parent
START_WITHIN_S = 90.0
STOP_WITHIN_S = 20.0
ROLES = ("media", "speech", "messages", "jobs")


class ServerDied(Exception):
    """The server ended, or did not become ready; carries the end of its log."""


def free_port() -> int:
    """A port that is free for UDP and TCP just now."""
    for _ in range(50):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp, contextlib.suppress(OSError):
                udp.bind(("127.0.0.1", port))
                return port
    raise ServerDied("no free port")


def toml(value: Any) -> str:
    """A value as TOML; only what settings need."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case list() | tuple():
            return "[" + ", ".join(toml(each) for each in value) + "]"
        case dict():
            return "{ " + ", ".join(f"{key} = {toml(each)}" for key, each in value.items()) + " }"
        case _:
            return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'


def settings_text(sections: dict[str, dict[str, Any] | list[dict[str, Any]]], **top: Any) -> str:
    """A settings file.

    Args:
        sections: a dict is a section, a list of dicts is an array of tables.
        top: settings outside any section.
    """
    lines = [f"{key} = {toml(value)}" for key, value in top.items()]
    for name, section in sections.items():
        for table in section if isinstance(section, list) else [section]:
            lines.append(f"\n[[{name}]]" if isinstance(section, list) else f"\n[{name}]")
            lines += [f"{key} = {toml(value)}" for key, value in table.items()]
    return "\n".join(lines) + "\n"


class ServerProcess:
    """``server.py run`` with a temporary folder on free ports.

    Args:
        sections: settings besides ports and folders.
        sip_port: 0 for a free one.
        server: the program to start.
    """

    def __init__(
        self, sections: dict[str, Any], *, sip_port: int = 0, server: Path = ROOT / "server.py", quiet: bool = True
    ) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="nx-bench-"))
        self.sip_port = sip_port or free_port()
        self.api_port = free_port()
        sections = dict(sections)
        sections["sip"] = {"port": self.sip_port, **sections.get("sip", {})}
        sections["api"] = {"port": self.api_port, **sections.get("api", {})}
        config = self.folder / "nuanxian.toml"
        text = settings_text(sections, data_folder=str(self.folder / "var"), log_level="INFO")
        config.write_text(text, encoding="utf-8")
        config.chmod(0o600)
        self.log_path = self.folder / "server.log"
        self._log = self.log_path.open("wb")
        self.process = subprocess.Popen(
            [sys.executable, str(server), "run", "--config", str(config)],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            cwd=ROOT,
            start_new_session=True,
        )

    def wait_until_ready(self) -> float:
        """Seconds until SIP answers and the API says it is ready.

        Raises:
            ServerDied: see there.
        """
        began_s = time.monotonic()
        while not (self._sip_answers() and self._api_ready()):
            if self.process.poll() is not None:
                raise ServerDied(f"server.py ended with {self.process.returncode}\n{self.log_end()}")
            if time.monotonic() - began_s > START_WITHIN_S:
                raise ServerDied(f"server.py was not ready after {START_WITHIN_S:.0f} s\n{self.log_end()}")
            time.sleep(0.1)
        return time.monotonic() - began_s

    def log_end(self, lines: int = 30) -> str:
        """The last lines of its log."""
        return "\n".join(self.log_path.read_text("utf-8", "replace").splitlines()[-lines:])

    def _sip_answers(self) -> bool:
        options = (
            f"OPTIONS sip:127.0.0.1:{self.sip_port} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1;rport;branch=z9hG4bK"
            f"{secrets.token_hex(6)}\r\nMax-Forwards: 70\r\nFrom: <sip:bench@127.0.0.1>;tag=o\r\n"
            f"To: <sip:127.0.0.1>\r\nCall-ID: {secrets.token_hex(6)}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n"
        )
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.settimeout(0.5)
            try:
                udp.connect(("127.0.0.1", self.sip_port))
                udp.send(options.encode())
                return udp.recv(4096).startswith(b"SIP/2.0 ")
            except OSError:
                return False

    def _api_ready(self) -> bool:
        return self.http("/readyz") is not None

    def http(self, path: str) -> str | None:
        """The body of a successful GET on the API; None otherwise."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.api_port}{path}", timeout=2) as answer:
                text: str = answer.read().decode("utf-8", "replace")
                return text
        except (urllib.error.URLError, OSError, ValueError):
            return None

    def metric(self, name: str) -> float | None:
        """One value of /metrics by its full name, labels included; None if it is not there."""
        for line in (self.http("/metrics") or "").splitlines():
            if line.startswith(name) and line[len(name) :][:1] == " ":
                return float(line.split()[-1])
        return None

    def roles(self) -> dict[int, str]:
        """Process id → what it is: server, media, speech, messages, jobs, other."""
        found: dict[int, str] = {}
        for pid in children_of(self.process.pid):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
            except OSError:
                continue
            words = " ".join(command[1:5])
            default = "server" if pid == self.process.pid else "other"
            found[pid] = next((role for role in ROLES if role in words.removeprefix(str(ROOT))), default)
        return found

    def usage(self, *, memory: bool = True) -> Usage:
        """What all its processes have spent so far."""
        return usage(self.roles(), memory=memory)

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Read its database; [] if there is none yet."""
        for path in sorted((self.folder / "var").glob("*.db")) + sorted((self.folder / "var").glob("*.sqlite*")):
            with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)) as connection:
                connection.row_factory = sqlite3.Row
                with contextlib.suppress(sqlite3.OperationalError):
                    return [dict(row) for row in connection.execute(query)]
        return []

    def files(self, pattern: str) -> list[Path]:
        """Files of its folder."""
        return sorted((self.folder / "var").rglob(pattern))

    def stop(self) -> None:
        """SIGTERM, wait, and delete its folder."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait(5)
        self._log.close()
        if not os.environ.get("BENCH_KEEP_FOLDER"):
            shutil.rmtree(self.folder, ignore_errors=True)
