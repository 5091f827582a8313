"""What is said is on disk before the call; what is missing is replaced and named."""

import hashlib
import json
import logging
from datetime import date
from pathlib import Path

import pytest

from ivr.prompts import NEUTRAL, TONE, Prompts, number_pieces, read_texts, text_hash

pytestmark = pytest.mark.unit


def rendered(folder: Path, texts: dict[str, str]) -> None:
    index = {}
    for key, text in texts.items():
        data = key.encode()
        (folder / f"{key}.alaw").write_bytes(data)
        index[key] = {
            "text": text,
            "text_sha256": text_hash(text),
            "file": f"{key}.alaw",
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")


def test_every_prompt_of_the_dialogues_is_shipped_and_says_what_they_say() -> None:
    assert Prompts().stale() == []


def test_the_greeting_lasts_at_most_five_seconds() -> None:
    assert Prompts().file("reception.greeting").path.stat().st_size <= 5 * 8000


def test_a_short_key_finds_its_prompt_while_only_one_has_it(tmp_path: Path) -> None:
    rendered(tmp_path, {"a.hello": "您好", "a.bye": "再见", "b.bye": "回见", NEUTRAL: "请稍候"})
    prompts = Prompts(tmp_path, {})
    assert prompts.file("hello").text == "您好"
    assert prompts.file("b.bye").text == "回见"
    assert prompts.file("bye").path.name == f"{NEUTRAL}.alaw"


def test_a_missing_prompt_is_replaced_and_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rendered(tmp_path, {NEUTRAL: "请稍候"})
    prompts = Prompts(tmp_path, {"a.new": "新的提示"})
    with caplog.at_level(logging.ERROR):
        first, second = prompts.file("a.new"), prompts.file("a.new")
    assert first == second
    assert (first.path.name, first.text) == (f"{NEUTRAL}.alaw", "新的提示")
    assert caplog.text.count("a prompt is missing") == 1
    assert not prompts.has("a.new")


def test_without_any_sentence_a_tone_is_played(tmp_path: Path) -> None:
    rendered(tmp_path, {TONE: ""})
    assert Prompts(tmp_path, {}).file("a.new").path.name == f"{TONE}.alaw"


def test_a_folder_without_prompts_is_said_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Prompts(tmp_path, {}).file("a.new")


def test_stale_prompts_are_listed_with_the_reason(tmp_path: Path) -> None:
    rendered(tmp_path, {"a.same": "一", "a.changed": "二", "a.gone": "三", "a.altered": "四"})
    (tmp_path / "a.gone.alaw").unlink()
    (tmp_path / "a.altered.alaw").write_bytes(b"something else")
    texts = {"a.same": "一", "a.changed": "贰", "a.gone": "三", "a.altered": "四", "a.new": "五"}
    found = {each.key: each.reason for each in Prompts(tmp_path, texts).stale()}
    assert found == {
        "a.changed": "text changed",
        "a.gone": "file missing",
        "a.altered": "file altered",
        "a.new": "not rendered",
    }


def said(prompts: Prompts, value: date | int | str) -> str:
    return "".join(file.text for file in prompts.pieces(value))


def test_variable_parts_are_said_as_people_say_them() -> None:
    prompts = Prompts()
    assert said(prompts, date(2026, 11, 24)) == "十一月二十四日"
    assert said(prompts, 12) == "十二"
    assert said(prompts, 0) == "零"
    assert said(prompts, "13905") == "幺三九零五"
    assert said(prompts, "HEAT_NONE") == "暖气不热"
    assert said(prompts, "别的什么") == "有关"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (10, "十"),
        (20, "二十"),
        (105, "一百零五"),
        (110, "一百一十"),
        (1010, "一千零一十"),
        (1005, "一千零五"),
        (9999, "九千九百九十九"),
    ],
)
def test_numbers_are_joined_as_mandarin_does(value: int, text: str) -> None:
    texts = read_texts()
    assert "".join(texts[key] for key in number_pieces(value)) == text


@pytest.mark.parametrize("value", [-1, 10_000])
def test_a_number_that_cannot_be_said_is_refused(value: int) -> None:
    with pytest.raises(ValueError, match="between 0 and 9999"):
        number_pieces(value)


def test_every_matter_of_the_master_data_can_be_said() -> None:
    from cases.master_data import standard_matters

    prompts = Prompts()
    assert [matter.code for matter in standard_matters() if not prompts.has(f"matter.{matter.code}")] == []


def test_a_text_that_stands_twice_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text('[x]\nk = "一"\n', encoding="utf-8")
    (tmp_path / "b.toml").write_text('[x]\nk = "二"\n', encoding="utf-8")
    with pytest.raises(ValueError, match="stands twice"):
        read_texts(tmp_path)
