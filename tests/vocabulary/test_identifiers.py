"""Identifiers are ULIDs: sortable by time, never the same twice."""

import pytest

from tests.fakes.clock import FakeClock
from vocabulary.identifiers import is_id, new_id

pytestmark = pytest.mark.unit


def test_identifiers_sort_by_time_and_differ() -> None:
    clock = FakeClock()
    first, twin = new_id(clock), new_id(clock)
    clock.advance(1)
    assert first < twin
    assert max(first, twin) < new_id(clock)
    assert is_id(first)


@pytest.mark.parametrize(
    "text", ["", "01ARZ3NDEKTSV4RRFFQ69G5FA", "81ARZ3NDEKTSV4RRFFQ69G5FAV", "01arz3ndektsv4rrffq69g5fav"]
)
def test_what_is_no_ulid_is_seen(text: str) -> None:
    assert not is_id(text)
