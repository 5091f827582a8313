"""Folders, sockets and the clock of an installation."""

import stat
from pathlib import Path

import pytest

from composition.foundation import MAX_SOCKET_PATH, make_clock, make_folders
from vocabulary.clock import ShiftedClock, SystemClock
from vocabulary.settings import ClockSettings, Settings

pytestmark = pytest.mark.unit


def test_the_folders_are_made_and_closed_to_others(tmp_path: Path) -> None:
    folders = make_folders(Settings(data_folder=tmp_path / "var"))
    for folder in (folders.data, folders.sockets, folders.spool):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert folders.data.is_absolute() and folders.spool.is_relative_to(folders.data)


def test_short_paths_keep_the_sockets_in_the_data_folder(tmp_path: Path) -> None:
    if len(str(tmp_path)) > 60:
        pytest.skip("this machine's temporary folder is too deep for the case")
    folders = make_folders(Settings(data_folder=tmp_path / "var"))
    assert folders.media_socket.is_relative_to(folders.data)


def test_paths_too_long_for_a_socket_go_to_the_temporary_folder(tmp_path: Path) -> None:
    deep = tmp_path / ("x" * 80)
    folders = make_folders(Settings(data_folder=deep))
    for socket in (folders.media_socket, folders.speech_socket):
        assert len(str(socket)) <= MAX_SOCKET_PATH and not socket.is_relative_to(deep)
    assert make_folders(Settings(data_folder=deep)) == folders, "the next process would not find the socket"
    other = make_folders(Settings(data_folder=tmp_path / ("y" * 80)))
    assert other.sockets != folders.sockets
    for made in (folders, other):
        made.sockets.rmdir()


def test_the_clock_is_the_machines_unless_a_demonstration_shifts_it(tmp_path: Path) -> None:
    assert type(make_clock(Settings())) is SystemClock
    file = tmp_path / "offset"
    file.write_text("3600")
    shifted = make_clock(Settings(clock=ClockSettings(offset_file=file)))
    assert isinstance(shifted, ShiftedClock)
    assert 3590 < (shifted.now() - SystemClock().now()).total_seconds() < 3610
