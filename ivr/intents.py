"""What a demand is about: character n-grams and logistic regression, plain arrays, nothing to unpickle.

A gas leak is never left to the classifier alone: the safety rule **or** p ≥ 0.3 (notes: 100 % recall at 2.4 % false
alarms). Type and urgency follow from the intents' probabilities.
"""

import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from asr.chinese_text import comparable
from asr.pinyin_match import find_safety
from cases.master_data import CaseType, Urgency
from cases.ports import Suggester
from cases.sorting import Suggestion

log = logging.getLogger(__name__)

MODEL_FILE = Path(__file__).resolve().parent.parent / "data" / "intents" / "model.npz"
LEAK = "gas_leak"
LEAK_PROBABILITY = 0.3
_SURE = 0.35  # below this a suggestion would be wrong as often as right

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Reading:
    """What one text seems to be.

    Attributes:
        intents: name and probability, most probable first.
        case_type, urgency: as the training data names them (抢险报修, 紧急 …).
        is_leak: rule or classifier says gas leak.
        reason: why, in Chinese.
    """

    intents: tuple[tuple[str, float], ...]
    case_type: str
    urgency: str
    is_leak: bool
    reason: str

    @property
    def intent(self) -> str:
        """The most probable one; a leak goes first."""
        return LEAK if self.is_leak else self.intents[0][0]


@dataclass(frozen=True, eq=False)
class IntentModel:
    """Everything the classifier learnt.

    Attributes:
        grams: feature → row.
        idf: a weight for each feature.
        weights: (features, intents).
        bias: (intents,).
        intents, case_types, urgencies: names.
        type_of, urgency_of: for each intent, the index of its type and urgency.
    """

    grams: dict[str, int]
    idf: Floats
    weights: Floats
    bias: Floats
    intents: tuple[str, ...]
    case_types: tuple[str, ...]
    urgencies: tuple[str, ...]
    type_of: npt.NDArray[np.int64]
    urgency_of: npt.NDArray[np.int64]

    def save(self, path: Path) -> None:
        """Write arrays and names; half precision, compressed."""
        names = {"intents": self.intents, "case_types": self.case_types, "urgencies": self.urgencies}
        arrays: dict[str, Any] = {
            "grams": np.array(sorted(self.grams, key=self.grams.__getitem__)),
            "idf": self.idf.astype(np.float16),
            "weights": self.weights.astype(np.float16),
            "bias": self.bias,
            "type_of": self.type_of,
            "urgency_of": self.urgency_of,
            "names": np.array(json.dumps(names, ensure_ascii=False)),
        }
        np.savez_compressed(path, **arrays)

    @classmethod
    def load(cls, path: Path = MODEL_FILE) -> "IntentModel":
        """Read a saved model; pickles are refused by numpy.

        Raises:
            OSError: it is not there.
        """
        with np.load(path, allow_pickle=False) as file:
            names = json.loads(str(file["names"]))
            return cls(
                grams={str(gram): row for row, gram in enumerate(file["grams"])},
                idf=file["idf"].astype(np.float32),
                weights=file["weights"].astype(np.float32),
                bias=file["bias"].astype(np.float32),
                intents=tuple(names["intents"]),
                case_types=tuple(names["case_types"]),
                urgencies=tuple(names["urgencies"]),
                type_of=file["type_of"],
                urgency_of=file["urgency_of"],
            )


def grams(text: str) -> list[str]:
    """Characters and pairs of them, of the comparable form."""
    plain = comparable(text)
    return [*plain, *(plain[at : at + 2] for at in range(len(plain) - 1))]


class IntentClassifier:
    """Reads texts.

    Args:
        model: None loads the shipped one.
    """

    def __init__(self, model: IntentModel | None = None) -> None:
        self._model = model or IntentModel.load()

    def probabilities(self, text: str) -> Floats:
        """One for each intent of the model, summing to 1."""
        model = self._model
        counts = Counter(row for gram in grams(text) if (row := model.grams.get(gram)) is not None)
        logits = model.bias
        if counts:
            rows = np.fromiter(counts, np.int64)
            values = (1 + np.log(np.fromiter(counts.values(), np.float32))) * model.idf[rows]
            logits = values / np.linalg.norm(values) @ model.weights[rows] + model.bias
        raised = np.exp(logits - logits.max())
        return np.asarray(raised / raised.sum(), np.float32)

    def read(self, text: str) -> Reading:
        """Intent, type and urgency of one text."""
        model = self._model
        chances = self.probabilities(text)
        order = np.argsort(-chances)
        ranked = tuple((model.intents[at], float(chances[at])) for at in order)
        safety = find_safety(text)
        learnt = float(chances[model.intents.index(LEAK)]) if LEAK in model.intents else 0.0
        if (safety is not None and not safety.mended) or learnt >= LEAK_PROBABILITY:
            at = model.intents.index(LEAK)
            why = f"安全词“{safety.word}”" if safety else f"分类 {learnt:.0%} 像燃气泄漏"
            ranked = ((LEAK, max(learnt, LEAK_PROBABILITY)), *(each for each in ranked if each[0] != LEAK))
            types, urgencies = model.case_types[model.type_of[at]], model.urgencies[model.urgency_of[at]]
            return Reading(ranked, types, urgencies, True, why)
        case_type = model.case_types[int(_summed(chances, model.type_of, len(model.case_types)).argmax())]
        urgency = model.urgencies[int(_summed(chances, model.urgency_of, len(model.urgencies)).argmax())]
        return Reading(ranked, case_type, urgency, False, f"分类 {ranked[0][1]:.0%}")


def _summed(chances: Floats, group_of: npt.NDArray[np.int64], groups: int) -> Floats:
    return np.asarray(np.bincount(group_of, weights=chances, minlength=groups), np.float32)


_TYPES = {each.label: each for each in CaseType}
_MATTERS: dict[str, tuple[str, str]] = {  # intent: matter for gas, matter for heating
    LEAK: ("GAS_LEAK", "GAS_LEAK"),
    "gas_outage": ("GAS_OUTAGE", "GAS_OUTAGE"),
    "no_heat": ("HEAT_NONE", "HEAT_NONE"),
    "low_temp": ("HEAT_LOW_TEMP", "HEAT_LOW_TEMP"),
    "heat_leak": ("HEAT_LEAK", "HEAT_LEAK"),
    "bill": ("GAS_BILL", "HEAT_BILL"),
    "meter": ("GAS_METER", "HEAT_METER"),
    "followup": ("REMINDER", "REMINDER"),
    "staff_complaint": ("STAFF_SERVICE", "STAFF_SERVICE"),
    "theft_report": ("GAS_THEFT", "HEAT_THEFT"),
    "business_apply": ("GAS_APPLY", "HEAT_STOP_RESUME"),
    "safety_check": ("GAS_SAFETY", "GAS_SAFETY"),
}
_URGENCIES = {"较急": Urgency.P2, "一般": Urgency.P3}


class IntentSuggester:
    """Serves ``cases.ports.Suggester``: the rules first, the classifier where they are silent.

    Args:
        rules: rows of words, which decide about safety.
        classifier: None loads the shipped model when first asked.
    """

    def __init__(self, rules: Suggester, classifier: IntentClassifier | None = None) -> None:
        self._rules = rules
        self._classifier = classifier
        self._load: Callable[[], IntentClassifier] = IntentClassifier

    def suggest(self, text: str) -> Suggestion:
        """See cases.ports.Suggester."""
        ruled = self._rules.suggest(text)
        if ruled.is_emergency or not text.strip():
            return ruled
        if self._classifier is None:
            self._classifier = self._load()
        reading = self._classifier.read(text)
        certainty = reading.intents[0][1]
        if reading.is_leak:
            return Suggestion(CaseType.EMERGENCY, "GAS_LEAK", Urgency.P0, certainty, reading.reason)
        if ruled.case_type is not None or certainty < _SURE:
            return ruled
        urgency = Urgency.P1 if reading.intent == "heat_leak" else _URGENCIES.get(reading.urgency, Urgency.P2)
        return Suggestion(
            _TYPES.get(reading.case_type), _matter(reading.intent, text), urgency, certainty, reading.reason
        )


def _matter(intent: str, text: str) -> str | None:
    gas, heat = _MATTERS.get(intent, (None, None))
    return heat if any(word in text for word in ("暖", "供热", "热力", "温度")) else gas
