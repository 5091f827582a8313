"""Prompts in memory."""

import os
from pathlib import Path

import pytest

from telephony.media.io.prompt_files import PromptFiles

pytestmark = pytest.mark.unit


def test_a_file_is_read_once_and_again_when_it_changed(tmp_path: Path) -> None:
    files, path = PromptFiles(), tmp_path / "a.alaw"
    path.write_bytes(b"one")
    first = files.read(str(path))
    assert files.read(str(path)) is first == b"one"
    path.write_bytes(b"another")
    os.utime(path, ns=(1, 1))
    assert files.read(str(path)) == b"another"


def test_the_files_used_least_recently_make_room(tmp_path: Path) -> None:
    files = PromptFiles(limit_bytes=20)
    paths = []
    for name in "abc":
        path = tmp_path / name
        path.write_bytes(name.encode() * 10)
        paths.append(str(path))
    a, b = files.read(paths[0]), files.read(paths[1])
    assert files.read(paths[0]) is a
    files.read(paths[2])
    assert files.read(paths[0]) is a
    assert files.read(paths[1]) is not b


def test_a_missing_file_is_the_callers_to_handle(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PromptFiles().read(str(tmp_path / "missing"))
