"""Training learns what the rows say, and what is shipped was trained from what is shipped."""

from pathlib import Path

import pytest

from ivr.intents import LEAK, IntentClassifier, IntentModel
from ivr.train_intents import DATA_FILE, read_data, train

pytestmark = pytest.mark.unit
pytest.importorskip("sklearn", reason="the intents extra is not installed")

ROWS = [
    {"text": text, "intent": intent, "case_type": kind, "urgency": urgency}
    for text, intent, kind, urgency in [
        ("气费怎么交", "bill", "咨询", "一般"),
        ("交费在哪里", "bill", "咨询", "一般"),
        ("漏气了快来", LEAK, "抢险报修", "紧急"),
        ("闻到煤气味", LEAK, "抢险报修", "紧急"),
        ("暖气不热", "no_heat", "求助", "较急"),
        ("家里不热", "no_heat", "求助", "较急"),
    ]
]


def test_a_small_set_is_learnt_by_heart() -> None:
    classifier = IntentClassifier(train(ROWS))
    for row in ROWS:
        found = classifier.read(row["text"])
        assert (found.intent, found.case_type, found.urgency) == (row["intent"], row["case_type"], row["urgency"])


def test_training_again_gives_the_same_model() -> None:
    assert (train(ROWS).weights == train(ROWS).weights).all()


def test_the_shipped_model_was_trained_from_the_shipped_data(tmp_path: Path) -> None:
    train(read_data(DATA_FILE)).save(tmp_path / "m.npz")
    fresh, shipped = IntentModel.load(tmp_path / "m.npz"), IntentModel.load()
    assert fresh.grams == shipped.grams
    assert abs(fresh.weights - shipped.weights).max() < 0.01
