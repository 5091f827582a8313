"""What comes in is checked once, and what is wrong is named in Chinese."""

import json
from contextlib import suppress
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from console.endpoint import Shape
from console.errors import BadRequest
from console.inputs import Day, Moment, ReasonText, checked, harmless_text, json_of

pytestmark = pytest.mark.unit


class Visit(Shape):
    at: Moment
    on: Day = date(2026, 11, 24)
    reason: ReasonText = "例行"
    rooms: int = Field(1, ge=1, le=9)


def problems(content: object) -> dict[str, str]:
    with pytest.raises(BadRequest) as refused:
        checked(Visit, content, "body")
    return {each.field: each.problem for each in refused.value.fields}


def test_a_moment_is_utc_inside() -> None:
    visit = checked(Visit, {"at": "2026-11-25T09:00:00+08:00"}, "body")
    assert visit.at == datetime(2026, 11, 25, 1, tzinfo=UTC)
    assert visit.at.tzinfo is UTC


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00", -(10**11), 10**13])
def test_years_that_do_not_survive_time_zones_are_refused(moment: object) -> None:
    assert list(problems({"at": moment})) == ["at"]


def test_each_mistake_is_named_with_its_rule() -> None:
    assert problems({"at": "2026-11-25T09:00:00", "rooms": 10, "reason": " x ", "on": "tomorrow", "colour": 1}) == {
        "at": "时间要带时区,例如 2026-11-25T09:00:00+08:00",
        "rooms": "不大于 9",
        "reason": "至少 2 个字",
        "on": "应为日期,例如 2026-11-25",
        "colour": "没有这个字段",
    }
    assert problems({}) == {"at": "必填"}
    assert problems([]) == {"body": "应为对象"}


@pytest.mark.parametrize(
    "raw",
    [b"", b"{", b"\xff", b"NaN", b"-Infinity", b"1e999", b'"\\u0000"', b'{"a\\u0000": 1}', b'["\\ud800"]',
     b"9" * 5000, b"9007199254740993", b"[" * 50 + b"]" * 50, b"[" * 100_000],
)  # fmt: skip
def test_what_no_field_may_hold_is_refused(raw: bytes) -> None:
    with pytest.raises(BadRequest):
        json_of(raw)


@given(st.binary(max_size=200))
def test_any_bytes_are_json_or_refused_by_name(raw: bytes) -> None:
    with suppress(BadRequest):
        json_of(raw)


_texts = st.text(st.characters(exclude_characters="\0", categories=None, exclude_categories=["Cs"]), max_size=20)
_numbers = st.integers(-(2**53) + 1, 2**53 - 1)


@given(st.recursive(_texts | _numbers | st.booleans() | st.none(), lambda inner: st.lists(inner, max_size=3)))
def test_ordinary_json_passes_as_it_is(value: object) -> None:
    assert json_of(json.dumps(value).encode()) == value


@pytest.mark.parametrize("text", ["a\0", "\ud800", "ok\udfff"])
def test_a_text_that_cannot_be_kept_is_refused(text: str) -> None:
    with pytest.raises(BadRequest) as refused:
        harmless_text(text, "name")
    assert refused.value.fields[0].field == "name"
