"""Sixteen states, each with its code, name, step and one role (domain rules §2.1)."""

import pytest

from cases.case_states import STATES, CaseState

pytestmark = pytest.mark.unit


def test_the_written_states_are_all_here() -> None:
    codes = ["S1", "S2", "S3", "S3R", "S4", "S4A", "S4B", "S4C", "S5", "S6", "S6B", "S6R", "S6J", "S6S", "S7", "SX"]
    assert [state.facts.code for state in CaseState] == codes
    assert len({facts.title for facts in STATES.values()}) == 16


def test_two_states_are_final() -> None:
    assert {state for state in CaseState if state.is_final} == {CaseState.ARCHIVED, CaseState.VOID}


def test_the_seven_steps_are_covered() -> None:
    assert {facts.step for facts in STATES.values()} - {0} == set(range(1, 8))
