"""Secrets are made once, kept from others, and a broken file is named instead of replaced."""

import stat
from pathlib import Path

import pytest

from store.errors import SecretsRefused
from store.secrets import FILE_NAME, load_or_create

pytestmark = pytest.mark.unit


def test_the_first_start_makes_them_and_the_next_finds_them(tmp_path: Path) -> None:
    first = load_or_create(tmp_path / "new")
    assert load_or_create(tmp_path / "new") == first
    assert stat.S_IMODE((tmp_path / "new" / FILE_NAME).stat().st_mode) == 0o600
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE_NAME]
    assert first != load_or_create(tmp_path / "other")


def test_they_do_not_print(tmp_path: Path) -> None:
    assert repr(load_or_create(tmp_path)) == "Secrets(1 field keys)"


def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    load_or_create(tmp_path)
    (tmp_path / FILE_NAME).chmod(0o644)
    with pytest.raises(SecretsRefused, match="chmod 600"):
        load_or_create(tmp_path)


@pytest.mark.parametrize(
    "content", ["", "{}", '{"field_keys": {"k1": "AA=="}, "phone_key": "AA==", "token_key": ""}', "[]"]
)
def test_a_broken_file_is_refused_and_left_alone(tmp_path: Path, content: str) -> None:
    load_or_create(tmp_path)
    (tmp_path / FILE_NAME).write_text(content)
    with pytest.raises(SecretsRefused):
        load_or_create(tmp_path)
    assert (tmp_path / FILE_NAME).read_text() == content
