"""Files whose writer died."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.media.core.wav import HEADER_BYTES, header, read_header
from telephony.media.io.mending import mend_recordings, part_path

pytestmark = pytest.mark.unit


@given(audio_bytes=st.integers(0, 2000), cut=st.integers(0, HEADER_BYTES))
def test_a_file_cut_anywhere_becomes_a_whole_recording(
    tmp_path_factory: pytest.TempPathFactory, audio_bytes: int, cut: int
) -> None:
    spool = tmp_path_factory.mktemp("spool")
    data = (header(0) + b"\x11" * audio_bytes)[: None if audio_bytes else cut]
    part_path(spool, "r", "w").write_bytes(data)
    (mended,) = mend_recordings(spool, "w")
    assert (mended.recording, mended.path) == ("r", spool / "r.wav")
    kept = mended.path.read_bytes()
    assert read_header(kept) == audio_bytes // 2 == mended.duration_s * 8000
    assert kept[HEADER_BYTES:] == b"\x11" * (audio_bytes // 2 * 2)
    assert list(spool.iterdir()) == [mended.path]


def test_files_of_a_sibling_worker_are_left_alone(tmp_path: Path) -> None:
    part_path(tmp_path, "r", "w2").write_bytes(header(0))
    assert mend_recordings(tmp_path, "w1") == []
    assert part_path(tmp_path, "r", "w2").exists()


def test_a_file_that_is_not_ours_does_not_keep_the_others_from_being_mended(tmp_path: Path) -> None:
    part_path(tmp_path, "a", "w").write_bytes(b"not a WAV" * 20)
    part_path(tmp_path, "b", "w").write_bytes(header(0) + b"\0\0")
    assert [mended.recording for mended in mend_recordings(tmp_path, "w")] == ["b"]
    assert part_path(tmp_path, "a", "w").exists()


def test_an_absent_folder_holds_nothing(tmp_path: Path) -> None:
    assert mend_recordings(tmp_path / "away", "w") == []
