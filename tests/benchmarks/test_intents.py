"""What the figures of understanding count."""

import pytest

from benchmarks.intents import measure
from ivr.intents import Reading

pytestmark = pytest.mark.unit


def reading(*intents: str, leak: bool = False, kind: str = "求助", urgency: str = "一般") -> Reading:
    return Reading(tuple((name, 0.5) for name in intents), kind, urgency, leak, "")


def test_recall_and_false_alarms_of_leaks_are_counted_apart() -> None:
    def row(intent: str) -> dict[str, str]:
        return {"intent": intent, "case_type": "求助", "urgency": "一般"}

    found = measure(
        [
            (row("gas_leak"), reading("gas_leak", "bill", leak=True)),
            (row("gas_leak"), reading("bill", "meter", "gas_leak")),
            (row("bill"), reading("gas_leak", "bill", leak=True, kind="抢险报修", urgency="紧急")),
            (row("meter"), reading("meter")),
        ]
    )
    assert found == {
        "items": 4,
        "accuracy": 0.5,
        "top3": 1.0,
        "case_type_accuracy": 0.75,
        "urgency_accuracy": 0.75,
        "leak_recall": 0.5,
        "leak_false_alarms": 0.5,
    }
