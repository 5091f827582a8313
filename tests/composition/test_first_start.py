"""The first start: a settings file to edit, and random passwords that only their owner reads."""

import json
import stat
from pathlib import Path

import pytest

from composition.first_start import PASSWORDS, embedded_settings_file, passwords_of
from vocabulary.errors import ConfigurationRefused
from vocabulary.settings import AccountSettings, Settings
from vocabulary.settings_file import load_settings

pytestmark = pytest.mark.unit


def settings(folder: Path, *names: str, **given: str) -> Settings:
    accounts = [AccountSettings(username=name, password=None) for name in names]
    accounts += [AccountSettings(username=name, password=secret) for name, secret in given.items()]
    return Settings(data_folder=folder, accounts=tuple(accounts))


def test_each_account_gets_a_password_of_its_own(tmp_path: Path) -> None:
    made = passwords_of(settings(tmp_path, "8001", "8002"))
    assert made.fresh == {"8001", "8002"}
    assert len(set(made.accounts.values())) == 2 and all(len(secret) == 16 for secret in made.accounts.values())


def test_another_installation_gets_others(tmp_path: Path) -> None:
    first, second = (passwords_of(settings(tmp_path / name, "8001")).accounts["8001"] for name in "ab")
    assert first != second


def test_they_are_kept_readable_for_the_owner_alone(tmp_path: Path) -> None:
    made = passwords_of(settings(tmp_path, "8001"))
    file = tmp_path / PASSWORDS
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert json.loads(file.read_text()) == made.accounts
    assert [each.name for each in tmp_path.iterdir()] == [PASSWORDS], "a draft was left behind"


def test_the_next_start_knows_them_and_shows_none(tmp_path: Path) -> None:
    made = passwords_of(settings(tmp_path, "8001"))
    again = passwords_of(settings(tmp_path, "8001"))
    assert again.accounts == made.accounts and again.fresh == frozenset()


def test_only_a_new_account_is_shown(tmp_path: Path) -> None:
    made = passwords_of(settings(tmp_path, "8001"))
    more = passwords_of(settings(tmp_path, "8001", "8003"))
    assert more.fresh == {"8003"} and more.accounts["8001"] == made.accounts["8001"]


def test_a_password_of_the_settings_goes_first_and_is_not_written(tmp_path: Path) -> None:
    made = passwords_of(settings(tmp_path, a8001="from-the-settings"))
    assert made.accounts == {"a8001": "from-the-settings"} and made.fresh == frozenset()
    assert not (tmp_path / PASSWORDS).exists()


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    passwords_of(settings(tmp_path, "8001"))
    (tmp_path / PASSWORDS).chmod(0o644)
    with pytest.raises(ConfigurationRefused) as refused:
        passwords_of(settings(tmp_path, "8001"))
    assert "chmod 600" in refused.value.mistakes[0]


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"[1, 2]", b'"text"'])
def test_a_damaged_file_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / PASSWORDS
    file.write_bytes(content)
    file.chmod(0o600)
    with pytest.raises(ConfigurationRefused) as refused:
        passwords_of(settings(tmp_path, "8001"))
    assert "damaged" in refused.value.mistakes[0] and str(file) in refused.value.mistakes[0]


def test_the_embedded_settings_are_valid_and_bind_this_machine_alone(tmp_path: Path) -> None:
    made = load_settings(embedded_settings_file(tmp_path / "new"), {})
    assert (made.sip.bind, made.api.bind) == ("127.0.0.1", "127.0.0.1")
    assert {trunk.kind for trunk in made.trunks} == {"sim"}, "a fresh installation reaches no real line"
    assert [each.username for each in made.accounts if each.seat] == ["8001", "8002"]
    assert made.leak.duty_chain and made.sms.driver == "sim"
    assert all(each.password is None for each in made.accounts)


def test_an_edited_settings_file_is_left_alone(tmp_path: Path) -> None:
    file = embedded_settings_file(tmp_path)
    file.write_text("# mine\n")
    assert embedded_settings_file(tmp_path).read_text() == "# mine\n"
