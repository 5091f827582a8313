"""Rows of the API and the shapes of what comes and goes."""

from dataclasses import dataclass

import pytest
from pydantic import ValidationError

from console.endpoint import Ask, Nothing, Shape, as_model

pytestmark = pytest.mark.unit


class Line(Shape):
    name: str
    place: int


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    place: int
    secret: str = "never shown"


def test_a_row_is_shown_by_the_fields_of_the_model_only() -> None:
    assert as_model(Line, Row("a", 1)).model_dump() == {"name": "a", "place": 1}


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(ValidationError, match="colour"):
        Line.model_validate({"name": "a", "place": 1, "colour": "red"})


def test_a_public_endpoint_has_nobody_to_speak_of() -> None:
    ask: Ask[Nothing, Nothing] = Ask(None, Nothing(), Nothing(), {}, "", None)  # type: ignore[arg-type]
    with pytest.raises(LookupError):
        _ = ask.by
