"""What the repository promises about itself, whoever changes it."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.unit
ROOT = Path(__file__).resolve().parent.parent
ROOMS = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["root_packages"]
MOST_LINES = 400


def tracked(*patterns: str) -> list[Path]:
    """Files that git knows; the test is skipped where the source was not taken from git."""
    try:
        listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no git repository here")
    return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]


def test_a_file_is_no_longer_than_one_head_holds() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in tracked("*.py")
        if "tests" not in path.parts and "versions" not in path.parts
        if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES
    }
    assert long == {}


def test_nothing_committed_reads_outside_the_repository() -> None:
    outside = re.compile(r"\.\./shared|/work/|\.library")
    here = Path(__file__)
    assert [
        str(path.relative_to(ROOT))
        for path in tracked("*.py", "*.toml", "*.md", "Makefile", "*.lock", "*.js", "*.xml", "deploy/*")
        if path != here and outside.search(path.read_text("utf-8"))
    ] == []


def test_no_work_is_left_marked_as_unfinished() -> None:
    marker = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    here = Path(__file__)
    assert [
        str(path.relative_to(ROOT))
        for path in tracked("*.py")
        if path != here and marker.search(path.read_text("utf-8"))
    ] == []


def test_no_test_sleeps_on_the_machines_clock() -> None:
    """A sleep hides a race; waiting is for an event, or on the fake clock. One test holds the loop on purpose."""
    sleepy = []
    for path in tracked("tests/**/test_*.py"):
        if path.name == "test_loop_stall.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == "sleep"
                and isinstance(node.func.value, ast.Name)
                and node.func.value.id == "time"
            ):
                sleepy.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert sleepy == []


def test_every_room_has_its_docstrings_and_tests() -> None:
    assert [room for room in ROOMS if not any((ROOT / "tests" / room).rglob("test_*.py"))] == []


def test_the_locks_pin_every_package() -> None:
    for lock in tracked("requirements/*.lock"):
        lines = [line for line in lock.read_text("utf-8").splitlines() if line and not line.startswith(("#", " "))]
        assert lines, lock.name
        assert [line for line in lines if "==" not in line] == [], lock.name
