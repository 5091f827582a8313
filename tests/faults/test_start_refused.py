"""A start that cannot work ends at once with a sentence that says why, and nothing is left running."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.server_process import free_port, settings_text
from tests.journeys.shipped_server import ROOT, rtp_range

pytestmark = pytest.mark.fault


def settings(folder: Path, sip: int, api: int) -> Path:
    file = folder / "nuanxian.toml"
    text = settings_text(
        {"sip": {"port": sip}, "api": {"port": api}, "media": rtp_range(), "speech": {"backend": "none"}},
        data_folder=str(folder / "var"),
    )
    file.write_text(text, "utf-8")
    return file


def run(command: str, file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "server.py"), command, "--config", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture(params=[socket.SOCK_DGRAM, socket.SOCK_STREAM], ids=["udp", "tcp"])
def taken(request: pytest.FixtureRequest) -> Iterator[int]:
    with socket.socket(socket.AF_INET, request.param) as other:
        other.bind(("127.0.0.1", 0))
        if request.param == socket.SOCK_STREAM:
            other.listen()
        yield other.getsockname()[1]


def test_a_sip_port_in_use_is_named(tmp_path: Path, taken: int) -> None:
    done = run("run", settings(tmp_path, taken, free_port()))
    assert done.returncode == 1
    assert f"127.0.0.1:{taken}" in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert nothing_left(tmp_path)


def test_an_api_port_in_use_is_named(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = run("run", settings(tmp_path, free_port(), port))
    assert done.returncode == 1
    assert str(port) in done.stderr and "Traceback" not in done.stderr, done.stderr
    assert nothing_left(tmp_path)


def test_wrong_settings_are_refused_with_their_lines(tmp_path: Path) -> None:
    file = tmp_path / "wrong.toml"
    file.write_text('[sip]\nport = 70000\nprot = 1\n\n[[accounts]]\nusername = "81"\npassword = "short"\n', "utf-8")
    done = run("run", file)
    assert done.returncode == 2
    assert all(f"{file}:{line}" in done.stderr for line in (2, 3, 7)), done.stderr
    assert "65535" in done.stderr and "Traceback" not in done.stderr
    assert not (tmp_path / "var").exists()


def test_no_toml_at_all_is_refused_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "broken.toml"
    file.write_text("[sip]\nport = = 3\n", "utf-8")
    done = run("run", file)
    assert done.returncode == 2 and "line 2" in done.stderr and "Traceback" not in done.stderr


def nothing_left(folder: Path) -> bool:
    """No process of that installation runs any more."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if str(folder).encode() in (entry / "cmdline").read_bytes():
                    return False
            except OSError:
                continue
    return True
