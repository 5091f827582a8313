import pytest

from seats.service_level import Wait, service_level

pytestmark = pytest.mark.unit


def test_the_rates_follow_the_formulas_of_the_domain_rules() -> None:
    waits = [
        Wait(3, answered=True),
        Wait(15, answered=True),
        Wait(40, answered=True),
        Wait(4, answered=False),  # within 5 s: did not ask for a person
        Wait(12, answered=False),
        Wait(90, answered=False),
    ]
    level = service_level(waits)
    assert (level.asked, level.answered, level.abandoned) == (6, 3, 3)
    assert level.connect_rate == 3 / 5
    assert level.sl == 2 / 3
    assert level.sl2 == (2 + 2) / 6


def test_a_quiet_hour_has_no_rates() -> None:
    level = service_level([])
    assert (level.asked, level.connect_rate, level.sl, level.sl2) == (0, None, None, None)


def test_only_early_hang_ups_leave_the_connect_rate_open() -> None:
    level = service_level([Wait(2, answered=False)])
    assert (level.connect_rate, level.sl, level.sl2) == (None, None, 1.0)
