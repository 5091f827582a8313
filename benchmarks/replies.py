"""How well survey replies are read: ``python -m benchmarks.replies FILE.jsonl`` (fields text, matter, expected)."""

import argparse
import json
from pathlib import Path

from sms.replies import read_reply


def main() -> None:
    """Print each wrong reading, then one JSON object as the last line (design §9)."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    rows = [json.loads(line) for line in parser.parse_args().file.read_text("utf-8").splitlines() if line.strip()]
    right = wrong_satisfied = missed_emergency = 0
    for row in rows:
        reading = read_reply(row["text"], row["matter"])
        got = reading.kind.value
        if got == row["expected"]:
            right += 1
            continue
        print(f"{row['text']!r} ({row['matter']}): expected {row['expected']}, read {got}: {reading.reason}")
        wrong_satisfied += got == "满意"
        missed_emergency += row["expected"] == "EMERG"
    result = {
        "items": len(rows),
        "accuracy": round(right / len(rows), 4) if rows else None,
        "wrong_satisfied": wrong_satisfied,
        "missed_emergency": missed_emergency,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
