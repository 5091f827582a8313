"""A demand is read from its words; a leak is never left to the classifier alone."""

from pathlib import Path

import numpy as np
import pytest

from cases.master_data import CaseType, Urgency
from cases.sorting import NOTHING, Suggestion
from ivr.intents import LEAK, MODEL_FILE, IntentClassifier, IntentModel, IntentSuggester, grams

pytestmark = pytest.mark.unit


class Rules:
    """Rows of words that say one thing."""

    def __init__(self, suggestion: Suggestion = NOTHING) -> None:
        self.suggestion = suggestion

    def suggest(self, text: str) -> Suggestion:
        return self.suggestion


@pytest.fixture(scope="module")
def shipped() -> IntentClassifier:
    return IntentClassifier()


@pytest.fixture
def small() -> IntentClassifier:
    """Knows two words; 煤 makes a leak probable, 费 a bill."""
    return IntentClassifier(
        IntentModel(
            grams={"煤": 0, "费": 1},
            idf=np.ones(2, np.float32),
            weights=np.array([[0.0, 2.0], [2.0, 0.0]], np.float32),
            bias=np.array([1.2, 0.0], np.float32),
            intents=("bill", LEAK),
            case_types=("咨询", "抢险报修"),
            urgencies=("一般", "紧急"),
            type_of=np.array([0, 1]),
            urgency_of=np.array([0, 1]),
        )
    )


def test_probabilities_are_those_of_the_most_likely_words(small: IntentClassifier) -> None:
    chances = small.probabilities("费")
    assert chances.sum() == pytest.approx(1.0)
    assert chances[0] == pytest.approx(1 / (1 + np.exp(-3.2)), abs=1e-4)


def test_a_leak_that_is_only_probable_is_a_leak(small: IntentClassifier) -> None:
    assert small.probabilities("煤")[1] > 0.3
    assert small.read("煤").is_leak
    assert not small.read("费").is_leak


def test_a_safety_word_is_a_leak_whatever_the_classifier_thinks(small: IntentClassifier) -> None:
    reading = small.read("费费费漏气费费")
    assert (reading.is_leak, reading.intent, reading.case_type, reading.urgency) == (True, LEAK, "抢险报修", "紧急")
    assert "漏气" in reading.reason


def test_words_it_never_saw_leave_the_prior(small: IntentClassifier) -> None:
    assert small.read("天").intents[0][0] == "bill"


def test_the_shipped_model_is_small_and_reads_its_own_trade(shipped: IntentClassifier) -> None:
    assert MODEL_FILE.stat().st_size < 200_000
    assert shipped.read("家里暖气一点都不热").intent == "no_heat"
    assert shipped.read("我要举报邻居偷气").case_type == "举报"
    assert shipped.read("闻到煤气味了").is_leak


def test_a_saved_model_is_read_back_without_pickle(small: IntentClassifier, tmp_path: Path) -> None:
    small._model.save(tmp_path / "m.npz")
    again = IntentClassifier(IntentModel.load(tmp_path / "m.npz"))
    assert np.allclose(again.probabilities("煤费"), small.probabilities("煤费"), atol=1e-3)


def test_features_are_characters_and_pairs_of_the_comparable_form() -> None:
    assert grams("暖氣 不熱!") == ["暖", "气", "不", "热", "暖气", "气不", "不热"]


def test_the_rules_decide_where_they_speak(shipped: IntentClassifier) -> None:
    ruled = Suggestion(CaseType.COMPLAINT, "STAFF_SERVICE", Urgency.P2, 0.9, "规则")
    assert IntentSuggester(Rules(ruled), shipped).suggest("家里暖气一点都不热") is ruled


def test_the_classifier_suggests_where_the_rules_are_silent(shipped: IntentClassifier) -> None:
    found = IntentSuggester(Rules(), shipped).suggest("家里暖气一点都不热")
    assert (found.case_type, found.matter) == (CaseType.HELP, "HEAT_NONE")
    assert 0.3 < found.certainty <= 1
    assert found.reason


def test_a_leak_goes_before_a_rule_about_something_else(shipped: IntentClassifier) -> None:
    ruled = Suggestion(CaseType.COMPLAINT, None, Urgency.P2, 0.9, "规则")
    found = IntentSuggester(Rules(ruled), shipped).suggest("我要投诉，我家漏气没人管")
    assert (found.case_type, found.urgency, found.is_emergency) == (CaseType.EMERGENCY, Urgency.P0, True)


def test_what_cannot_be_told_is_left_open(shipped: IntentClassifier) -> None:
    assert IntentSuggester(Rules(), shipped).suggest("  ") is NOTHING


def test_a_bill_of_heating_is_told_from_one_of_gas(shipped: IntentClassifier) -> None:
    suggester = IntentSuggester(Rules(), shipped)
    assert suggester.suggest("去年交的暖气费，今年为什么还让我交").matter == "HEAT_BILL"
