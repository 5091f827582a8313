"""How well demands are understood: ``python -m benchmarks.intents FILE.jsonl`` (text, intent, case_type, urgency).

On the file the shipped model was trained from, ten-fold cross-validation; on any other, the shipped model as it is.
Only the classifier is cross-validated: the safety rules were written with that file in sight, so leak figures flatter.
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ivr.intents import LEAK, IntentClassifier, Reading
from ivr.train_intents import DATA_FILE, read_data, train

_FOLDS = 10


def cross_validated(rows: list[dict[str, Any]]) -> Iterator[tuple[dict[str, Any], Reading]]:
    for fold in range(_FOLDS):
        classifier = IntentClassifier(train([row for at, row in enumerate(rows) if at % _FOLDS != fold]))
        sys.stderr.write(f"\rfold {fold + 1}/{_FOLDS}")
        for row in rows[fold::_FOLDS]:
            yield row, classifier.read(row["text"])
    sys.stderr.write("\n")


def measure(readings: list[tuple[dict[str, Any], Reading]]) -> dict[str, Any]:
    def share(hits: list[bool]) -> float:
        return round(sum(hits) / max(1, len(hits)), 4)

    leaks = [reading.is_leak for row, reading in readings if row["intent"] == LEAK]
    others = [reading.is_leak for row, reading in readings if row["intent"] != LEAK]
    return {
        "items": len(readings),
        "accuracy": share([reading.intent == row["intent"] for row, reading in readings]),
        "top3": share([row["intent"] in [name for name, _ in reading.intents[:3]] for row, reading in readings]),
        "case_type_accuracy": share([reading.case_type == row["case_type"] for row, reading in readings]),
        "urgency_accuracy": share([reading.urgency == row["urgency"] for row, reading in readings]),
        "leak_recall": share(leaks),
        "leak_false_alarms": share(others),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.intents")
    parser.add_argument("file", type=Path)
    parser.add_argument("--wrong", action="store_true", help="print what was read wrongly")
    options = parser.parse_args()
    rows = read_data(options.file)
    trained = options.file.read_bytes() == DATA_FILE.read_bytes()
    if trained:
        readings = list(cross_validated(rows))
    else:
        shipped = IntentClassifier()
        readings = [(row, shipped.read(row["text"])) for row in rows]
    if options.wrong:
        for row, reading in readings:
            if reading.intent != row["intent"]:
                sys.stderr.write(f"{row['intent']} as {reading.intent}: {row['text']}\n")
    result = measure(readings)
    print(json.dumps(result | {"cross_validated": trained}, ensure_ascii=False))


if __name__ == "__main__":
    main()
