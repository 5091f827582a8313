"""The settings file of a measured server, and what is said of one that does not start."""

import tomllib
from pathlib import Path

import pytest

from benchmarks.server_process import ServerDied, ServerProcess, free_port, settings_text
from benchmarks.target import target_settings
from vocabulary.settings import Settings

pytestmark = pytest.mark.unit


def test_the_targets_settings_are_settings_of_the_server(tmp_path: Path) -> None:
    text = settings_text({**target_settings()}, data_folder=str(tmp_path))
    settings = Settings.model_validate(tomllib.loads(text))
    assert {row.number for row in settings.dial_plan} == {"1000", "2000", "2100", "3000", "4000"}
    assert settings.seats.static_seats == ("127.0.0.1:5090",)
    assert settings.sip.max_contacts == 2


def test_values_are_written_as_toml() -> None:
    text = settings_text({"a": {"b": True, "c": [1, "x"]}, "d": [{"e": 'q"'}]}, top=1.5)
    assert tomllib.loads(text) == {"top": 1.5, "a": {"b": True, "c": [1, "x"]}, "d": [{"e": 'q"'}]}


def test_a_server_that_ends_at_once_is_named_with_its_log(tmp_path: Path) -> None:
    program = tmp_path / "broken.py"
    program.write_text("raise SystemExit('no such luck')")
    server = ServerProcess({}, server=program)
    try:
        with pytest.raises(ServerDied, match="no such luck"):
            server.wait_until_ready()
    finally:
        server.stop()
    assert not server.folder.exists()


def test_a_free_port_can_be_had() -> None:
    assert 1024 < free_port() < 65536
