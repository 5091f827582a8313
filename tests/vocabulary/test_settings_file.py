"""A wrong configuration is named by line, with what is allowed; the example stands for the defaults."""

from pathlib import Path

import pytest

from vocabulary.errors import ConfigurationRefused
from vocabulary.settings import Settings
from vocabulary.settings_file import load_settings

pytestmark = pytest.mark.unit
EXAMPLE = Path(__file__).parents[2] / "nuanxian.example.toml"


def mistakes(tmp_path: Path, text: str, **environment: str) -> str:
    file = tmp_path / "hotline.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigurationRefused) as refusal:
        load_settings(file, environment)
    return str(refusal.value).replace(str(tmp_path) + "/", "")


def test_the_commented_example_holds_exactly_the_defaults() -> None:
    assert load_settings(EXAMPLE, {}) == Settings()


def test_every_mistake_is_named_with_its_line(tmp_path: Path) -> None:
    found = mistakes(tmp_path, 'log_level = "LOUD"\n[sip]\nport = 70000\n')
    assert "hotline.toml:1: log_level" in found
    assert "'DEBUG', 'INFO', 'WARNING' or 'ERROR'" in found
    assert "hotline.toml:3: sip.port" in found


def test_an_unknown_setting_is_answered_with_the_known_ones(tmp_path: Path) -> None:
    found = mistakes(tmp_path, "[sip]\nprt = 5060\n")
    assert "hotline.toml:2: sip.prt: no such setting" in found
    assert "port" in found


def test_the_second_of_two_trunks_is_found(tmp_path: Path) -> None:
    trunk = '[[trunks]]\nname = "a"\nhost = "192.0.2.1"\n'
    assert "hotline.toml:6: trunks.1.kind" in mistakes(tmp_path, trunk + '[[trunks]]\nname = "b"\nkind = "adress"\n')


def test_a_trunk_that_lacks_its_host_says_so(tmp_path: Path) -> None:
    assert 'trunk a: kind "address" needs host' in mistakes(tmp_path, '[[trunks]]\nname = "a"\n')


@pytest.mark.parametrize("source", ["sbc.example", "10.0.0.1/8", "300.1.1.1"])
def test_a_source_that_is_no_address_is_named_before_the_start(tmp_path: Path, source: str) -> None:
    text = f'[[trunks]]\nname = "a"\nhost = "192.0.2.1"\nsources = ["{source}"]\n'
    assert "trunk a: sources" in mistakes(tmp_path, text)


def test_a_simulated_trunk_needs_a_known_phone(tmp_path: Path) -> None:
    text = '[[trunks]]\nname = "a"\nkind = "sim"\nlines = [ {account = "user"} ]\n'
    assert "trunk a: user is not among the accounts" in mistakes(tmp_path, text)


def test_broken_toml_names_line_and_column(tmp_path: Path) -> None:
    assert "line 2" in mistakes(tmp_path, "[sip]\nport = \n")


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigurationRefused, match=r"nowhere\.toml: cannot be read"):
        load_settings(Path("nowhere.toml"), {})


def test_the_environment_overrides_and_its_mistakes_name_the_variable(tmp_path: Path) -> None:
    assert load_settings(None, {"NUANXIAN_SIP__PORT": "5070"}).sip.port == 5070
    assert "NUANXIAN_SIP__PORT: sip.port" in mistakes(tmp_path, "", NUANXIAN_SIP__PORT="0")


def test_a_wrong_password_is_not_printed(tmp_path: Path) -> None:
    assert "hunter2" not in mistakes(tmp_path, '[[accounts]]\nusername = "8001"\npassword = "hunter2"\n')
