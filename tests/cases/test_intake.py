"""An intake command is checked once, when it is made."""

import pytest

from cases.intake import MAX_DEMAND_CHARACTERS
from tests.fakes.cases_made import intake
from vocabulary.errors import InvalidValue

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"command_id": ""}, "command_id"),
        ({"command_id": "x" * 65}, "command_id"),
        ({"by": ""}, "by"),
        ({"demand": "热" * (MAX_DEMAND_CHARACTERS + 1)}, "demand"),
        ({"address": "路" * 301}, "address"),
    ],
)
def test_a_wrong_command_names_its_field(given: dict[str, str], field: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        intake(**given)
    assert refused.value.field == field


def test_a_call_may_be_logged_before_anything_is_known() -> None:
    command = intake(caller=None, person_name="", address="", demand="", case_type=None, matter=None, urgency=None)
    assert command.command_id == "c1"
