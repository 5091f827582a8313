"""What a person's result must hold, §3.5."""

from dataclasses import replace

import pytest

from callbacks.answer import ReasonCode
from callbacks.human_result import HumanOutcome, HumanResult

pytestmark = pytest.mark.unit

GOOD = HumanResult(
    outcome=HumanOutcome.SATISFIED,
    call_id="call-9",
    identity_checked=True,
    feedback_read=True,
    contacted=True,
    visited=False,
    resolved=True,
    rating="一般",
)
BAD = replace(
    GOOD,
    outcome=HumanOutcome.DISSATISFIED_FACT_OK,
    rating="不满意",
    reason_code=ReasonCode.CHARGES,
    words="收费太高",
)


def test_a_whole_result_lacks_nothing_and_no_is_an_answer() -> None:
    assert GOOD.missing() == []
    assert BAD.missing() == []


@pytest.mark.parametrize(
    ("field", "empty"),
    [
        ("call_id", ""),
        ("identity_checked", False),
        ("feedback_read", False),
        ("contacted", None),
        ("visited", None),
        ("resolved", None),
        ("rating", ""),
    ],
)
def test_each_required_part_is_named_when_it_is_missing(field: str, empty: object) -> None:
    assert replace(GOOD, **{field: empty}).missing() == [field]  # type: ignore[arg-type]


@pytest.mark.parametrize(("field", "empty"), [("reason_code", None), ("words", "")])
def test_dissatisfaction_needs_its_reason_and_the_users_words(field: str, empty: object) -> None:
    assert replace(BAD, **{field: empty}).missing() == [field]  # type: ignore[arg-type]


def test_a_rating_that_contradicts_the_outcome_is_not_taken() -> None:
    assert replace(GOOD, rating="不满意").missing() == ["rating"]
    assert replace(BAD, rating="满意").missing() == ["rating"]
    assert replace(BAD, outcome=HumanOutcome.MISMATCH, rating="满意").missing() == []


def test_nobody_reached_needs_only_the_call() -> None:
    assert HumanResult(outcome=HumanOutcome.NOT_REACHED, call_id="call-9").missing() == []
    assert HumanResult(outcome=HumanOutcome.NOT_REACHED).missing() == ["call_id"]


def test_a_refusal_needs_the_users_words() -> None:
    refused = HumanResult(outcome=HumanOutcome.REFUSED, call_id="call-9", identity_checked=True)
    assert refused.missing() == ["words"]
