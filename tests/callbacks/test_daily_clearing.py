"""日结日清: the coverage equation and the steps of the day (§3.1, §3.4)."""

from datetime import date, time

import pytest

from callbacks.daily_clearing import ClearingItem, ClearingStep, Standing, clear_day, clearing_step, standing
from tests.fakes.clock import MORNING

pytestmark = pytest.mark.unit

DAY = date(2026, 11, 24)


def item(callback_id: str = "cb", **given: object) -> ClearingItem:
    return ClearingItem(callback_id, "RX20261124-0031", 13, **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"not_needed": True}, Standing.NOT_NEEDED),
        ({"answered": True}, Standing.EFFECTIVE),
        ({"survey_delivered": True}, Standing.UNDER_WAY),
        ({"deferred_to": MORNING, "approved": True}, Standing.DEFERRED),
        ({"deferred_to": MORNING}, Standing.OPEN),
        ({"unreached": True, "approved": True}, Standing.UNREACHED),
        ({"unreached": True}, Standing.OPEN),
        ({"refused": True}, Standing.REFUSED),
        ({}, Standing.OPEN),
    ],
)
def test_every_callback_has_one_place_in_the_equation(given: dict[str, object], where: Standing) -> None:
    assert standing(item(**given)) is where


def test_both_sides_of_the_equation_are_equal_and_what_is_left_over_is_listed() -> None:
    clearing = clear_day(
        DAY,
        [
            item("a", answered=True),
            item("b", survey_delivered=True),
            item("c", not_needed=True),
            item("d", refused=True),
            item("e"),
        ],
    )
    assert clearing.to_be_asked == 4
    assert clearing.to_be_asked == sum(clearing.count(each) for each in Standing if each is not Standing.NOT_NEEDED)
    assert clearing.uncleared == ("e",)
    assert not clearing.is_clear
    assert clearing.coverage == 0.25


def test_a_survey_without_reply_is_no_answer() -> None:
    assert clear_day(DAY, [item(survey_delivered=True)]).coverage == 0.0


def test_a_day_on_which_nobody_is_to_be_asked_is_clear_and_has_no_rate() -> None:
    clearing = clear_day(DAY, [item(not_needed=True)])
    assert clearing.is_clear
    assert clearing.coverage is None


def test_a_callback_that_stands_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        clear_day(DAY, [item("a"), item("a")])


@pytest.mark.parametrize(
    ("clock", "step"),
    [
        (time(14, 59), ClearingStep.NONE),
        (time(15, 0), ClearingStep.FORECAST),
        (time(16, 0), ClearingStep.LIST),
        (time(17, 30), ClearingStep.HAND_OVER),
    ],
)
def test_the_day_asks_for_its_steps_at_their_times(clock: time, step: ClearingStep) -> None:
    assert clearing_step(clock) is step
