"""Train the intent classifier from ``data/intents/utterances.jsonl`` (scikit-learn, extra ``intents``).

python -m ivr.train_intents [DATA.jsonl] [--out MODEL.npz]
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ivr.intents import MODEL_FILE, IntentModel, grams

DATA_FILE = MODEL_FILE.with_name("utterances.jsonl")
_STRENGTH = 20.0  # inverse regularisation; 5 … 20 differ by less than 1 % in ten-fold validation


def read_data(path: Path) -> list[dict[str, Any]]:
    """One object a line: ``text``, ``intent``, ``case_type``, ``urgency``."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def train(rows: Sequence[dict[str, Any]]) -> IntentModel:
    """Learn from labelled utterances; an intent's type and urgency are the ones it mostly has."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression

    vectoriser = TfidfVectorizer(analyzer=grams, sublinear_tf=True)
    features = vectoriser.fit_transform([row["text"] for row in rows])
    learner = LogisticRegression(C=_STRENGTH, max_iter=500)
    learner.fit(features, [row["intent"] for row in rows])
    intents = tuple(str(each) for each in learner.classes_)
    case_types = tuple(sorted({row["case_type"] for row in rows}))
    urgencies = tuple(sorted({row["urgency"] for row in rows}))
    return IntentModel(
        grams={str(gram): int(row) for gram, row in vectoriser.vocabulary_.items()},
        idf=np.asarray(vectoriser.idf_, np.float32),
        weights=np.asarray(learner.coef_.T, np.float32),
        bias=np.asarray(learner.intercept_, np.float32),
        intents=intents,
        case_types=case_types,
        urgencies=urgencies,
        type_of=_mostly(rows, intents, "case_type", case_types),
        urgency_of=_mostly(rows, intents, "urgency", urgencies),
    )


def _mostly(rows: Sequence[dict[str, Any]], intents: Sequence[str], field: str, names: Sequence[str]) -> Any:
    found = []
    for intent in intents:
        values = [row[field] for row in rows if row["intent"] == intent]
        found.append(names.index(max(sorted(set(values)), key=values.count)))
    return np.array(found, np.int64)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m ivr.train_intents")
    parser.add_argument("data", type=Path, nargs="?", default=DATA_FILE)
    parser.add_argument("--out", type=Path, default=MODEL_FILE)
    options = parser.parse_args()
    rows = read_data(options.data)
    model = train(rows)
    model.save(options.out)
    sys.stderr.write(f"{len(rows)} utterances, {len(model.grams)} features, {options.out.stat().st_size} bytes\n")


if __name__ == "__main__":
    main()
