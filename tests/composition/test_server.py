"""The command line: exit statuses and what is said, each by a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parents[2]


def server(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "server.py"), *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_check_finds_nothing_wrong_with_the_example(tmp_path: Path) -> None:
    done = server("check", "--config", str(ROOT / "nuanxian.example.toml"), folder=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "nuanxian.example.toml" in done.stdout and "no mistakes" in done.stdout
    assert list(tmp_path.iterdir()) == [], "a check writes nothing"


def test_check_names_every_mistake_with_its_line_and_what_is_allowed(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('log_level = "LOUD"\n[media]\nport_low = 20000\nport_high = 20001\n[sms]\ndriver = "pigeon"\n')
    done = server("check", "--config", str(file), folder=tmp_path)
    assert done.returncode == 2 and done.stdout == ""
    for line, word in ((1, "WARNING"), (2, "port_high"), (6, "smpp")):
        assert any(each.startswith(f"{file}:{line}:") and word in each for each in done.stderr.splitlines())


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    done = server("run", "--config", str(tmp_path / "none.toml"), folder=tmp_path)
    assert done.returncode == 2 and "none.toml" in done.stderr and "Traceback" not in done.stderr


def test_the_environment_goes_over_the_file_and_is_named_when_it_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text("[sip]\nport = 5070\n")
    done = server("check", "--config", str(file), folder=tmp_path, NUANXIAN_SIP__PORT="no")
    assert done.returncode == 2 and "NUANXIAN_SIP__PORT" in done.stderr
    assert server("check", "--config", str(file), folder=tmp_path, NUANXIAN_SIP__PORT="5071").returncode == 0


def test_a_wrong_password_setting_is_not_repeated(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[accounts]]\nusername = "8001"\npassword = "hunter2"\n')
    done = server("check", "--config", str(file), folder=tmp_path)
    assert done.returncode == 2 and "hunter2" not in done.stderr


def test_an_unknown_command_is_told_what_there_is(tmp_path: Path) -> None:
    done = server("fly", folder=tmp_path)
    assert done.returncode == 2 and "messages" in done.stderr


def test_every_command_of_the_head_exists(tmp_path: Path) -> None:
    done = server("--help", folder=tmp_path)
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("run", "check", "messages", "jobs", "speech", "media"))


def test_passwords_open_to_others_stop_the_start(tmp_path: Path) -> None:
    data = tmp_path / "var"
    data.mkdir()
    (data / "passwords.json").write_text("{}")
    (data / "passwords.json").chmod(0o644)
    file = tmp_path / "mine.toml"
    file.write_text(f'data_folder = "{data}"\n[[accounts]]\nusername = "8001"\n')
    done = server("run", "--config", str(file), folder=tmp_path)
    assert done.returncode == 2 and "chmod 600" in done.stderr and "Traceback" not in done.stderr
