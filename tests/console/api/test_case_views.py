"""A case as the API shows it."""

import dataclasses
import json

import pytest

from cases.queries import CallRow, CaseRow, CaseView, EventRow, TimerRow
from console.api.case_views import CaseCallLine, CaseDetails, CaseLine, EventLine, TimerLine

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("shown", "row"),
    [(CaseLine, CaseRow), (EventLine, EventRow), (CaseCallLine, CallRow), (TimerLine, TimerRow)],
    ids=lambda each: each.__name__,
)
def test_nothing_of_a_row_is_left_out(shown: type[CaseLine], row: type[CaseRow]) -> None:
    assert set(shown.model_fields) == {each.name for each in dataclasses.fields(row)}


def test_the_whole_is_shown_but_for_the_line_that_stands_beside_it() -> None:
    assert set(CaseDetails.model_fields) == {each.name for each in dataclasses.fields(CaseView)} - {"row"}


def test_the_shapes_can_be_told_as_json_schema() -> None:
    assert "history" in json.dumps(CaseDetails.model_json_schema())
