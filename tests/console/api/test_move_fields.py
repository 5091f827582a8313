"""What a move may carry: every field that the rules of cases read, with its type."""

import ast
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

import cases
from cases.case_moves import TRANSITIONS
from console.api.move_fields import MoveFields

pytestmark = pytest.mark.unit

NOT_FROM_OUTSIDE = {"command_id", "acting_for"}


def test_every_field_that_a_move_needs_can_be_given() -> None:
    needed = {name for row in TRANSITIONS for name in row.fields}
    assert needed <= set(MoveFields.model_fields)


def test_every_field_that_the_rules_read_can_be_given() -> None:
    read = set()
    for module in ("case_conditions", "case_effects", "moving"):
        source = (Path(cases.__file__).parent / f"{module}.py").read_text("utf-8")
        ast.parse(source)
        read |= set(re.findall(r"fields(?:\.get\(|\[)\"(\w+)\"", source))
        read |= set(re.findall(r"given\(attempt, \"(\w+)\"", source))
    assert read
    assert read - NOT_FROM_OUTSIDE <= set(MoveFields.model_fields)


def test_only_what_was_given_is_handed_on() -> None:
    given = MoveFields.model_validate(
        {"co_units": ["甲", "乙"], "visited": False, "due_at": "2026-11-25T09:00:00+08:00"}
    ).given()
    assert given["co_units"] == ("甲", "乙")
    assert given["visited"] is False
    assert set(given) == {"co_units", "visited", "due_at"}


def test_a_text_that_looks_like_a_moment_stays_a_text() -> None:
    words = "2026-11-25T09:00:00+08:00"
    assert MoveFields(words=words).given() == {"words": words}


@pytest.mark.parametrize("wrong", [{"attempts": "many"}, {"visited": "maybe"}, {"unit": "长" * 81}, {"colour": 1}])
def test_a_field_of_another_type_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        MoveFields.model_validate(wrong)
