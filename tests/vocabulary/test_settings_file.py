"""A wrong configuration is named by line, with what is allowed; the example stands for the defaults."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

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


def test_the_commented_example_names_every_setting() -> None:
    """Also those that stand behind a # because their default is "none"."""
    text = EXAMPLE.read_text("utf-8")
    sections = {"": Settings.model_fields}
    for name, field in Settings.model_fields.items():
        model = next((c for c in (field.annotation, *getattr(field.annotation, "__args__", ())) if _is_model(c)), None)
        if model is not None:
            sections[name] = model.model_fields
    missing = []
    for section, fields in sections.items():
        head = re.escape(section)
        parts = re.findall(rf"^(?:# )?\[+{head}\].*?(?=^(?:# )?\[|\Z)", text, re.M | re.S) if section else [text]
        where = "".join(parts)
        wanted = [name for name in fields if name not in sections and not (section == "sms" and name == "smpp")]
        missing += [f"{section}.{name}" for name in wanted if not re.search(rf"\b{name} = ", where)]
    assert missing == []


def _is_model(candidate: object) -> bool:
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)


@pytest.mark.parametrize("reached_at", ["", 'advertised_address = "0.0.0.0"\n'])
def test_whoever_binds_every_address_must_say_at_which_one_we_are_reached(tmp_path: Path, reached_at: str) -> None:
    assert "needs advertised_address" in mistakes(tmp_path, f'[sip]\nbind = "0.0.0.0"\n{reached_at}')
    file = tmp_path / "reachable.toml"
    file.write_text('[sip]\nbind = "0.0.0.0"\nadvertised_address = "192.168.1.10"\n', "utf-8")
    assert load_settings(file, {}).sip.advertised_address == "192.168.1.10"


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


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[sip]\nhotline_numbers = []\n", "sip.hotline_numbers: Tuple should have at least 1 item"),
        ('[sip]\nbind = "localhost"\n', "sip.bind: 'localhost' does not appear to be an IPv4 or IPv6 address"),
        ('[callbacks]\nhuman_windows = [["11:00", "09:00"]]\n', "opens before it closes, on the same day; found 11:00"),
        ("[callbacks]\nsms_windows = []\n", "callbacks.sms_windows: at least one window"),
        ('[[dial_plan]]\nnumber = "2000"\naction = "seat"\n', 'dial_plan 2000: action "seat" needs seat'),
        ('[store]\nrecordings = "ftp://x"\n', "store.recordings: String should match pattern"),
    ],
)
def test_what_would_only_fail_at_the_start_or_in_a_call_is_named_by_the_check(
    tmp_path: Path, text: str, said: str
) -> None:
    assert said in mistakes(tmp_path, text)


def test_a_simulated_user_has_a_number_that_can_be_called(tmp_path: Path) -> None:
    account, trunk = '[[accounts]]\nusername = "u"\n', '[[trunks]]\nname = "a"\nkind = "sim"\n'
    text = account + trunk + 'lines = [ {account = "u", number = "12"} ]\n'
    assert "trunks.0.lines.0.number: not a number that a user can be called on" in mistakes(tmp_path, text)


def test_a_wrong_address_of_a_database_is_not_printed_with_its_password(tmp_path: Path) -> None:
    found = mistakes(tmp_path, '[store]\nurl = "mysql://nuanxian:secret-9@db/x"\n')
    assert "store.url" in found
    assert "secret-9" not in found


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
