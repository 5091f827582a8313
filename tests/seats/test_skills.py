import pytest

from seats.skills import may_take

pytestmark = pytest.mark.unit


def test_a_call_that_wants_no_skill_goes_to_anybody() -> None:
    assert may_take(frozenset(), None)


def test_a_call_that_wants_a_skill_goes_to_who_has_it() -> None:
    assert may_take(frozenset({"gas", "heat"}), "gas")
    assert not may_take(frozenset({"heat"}), "gas")
