"""首问责任制: the first stays answerable; passing around ends at the manager or in judgement."""

import pytest

from cases.case_states import CaseState
from cases.first_contact import first_contact
from tests.fakes.cases_made import case_in

pytestmark = pytest.mark.unit


def test_the_first_who_accepted_it_stays_answerable_whoever_handles_it() -> None:
    duty = first_contact(case_in(CaseState.IN_PROGRESS, transfers=2))
    assert (duty.owner, duty.is_passed_around, duty.manager_rules) == ("li", False, False)


def test_several_units_answer_through_the_first() -> None:
    duty = first_contact(case_in(CaseState.ASSIGNED, co_units=("乙",)))
    assert (duty.lead_unit, duty.co_units) == ("开发区供热", ("乙",))
    assert "一次答复用户" in duty.reason


def test_two_rejects_go_to_the_manager_and_four_transfers_to_judgement() -> None:
    assert first_contact(case_in(CaseState.REVIEWED, unit_rejects=2)).manager_rules
    duty = first_contact(case_in(CaseState.JUDGED, transfers=4))
    assert duty.is_passed_around and "推诿" in duty.reason
