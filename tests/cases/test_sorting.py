"""A demand's words suggest how to sort it; words of danger decide before anything else."""

import json
from pathlib import Path

import pytest

from cases.errors import MasterDataRefused
from cases.master_data import CaseType, Urgency, standard_matters
from cases.sorting import RuleSuggester, standard_suggester

pytestmark = pytest.mark.unit

UTTERANCES = Path(__file__).resolve().parents[2] / "data" / "intents" / "utterances.jsonl"


@pytest.mark.parametrize(
    ("text", "kind", "matter", "urgency"),
    [
        ("我家厨房漏煤气了", CaseType.EMERGENCY, "GAS_LEAK", Urgency.P0),
        ("闻到点味儿不太确定是不是煤气", CaseType.EMERGENCY, "GAS_LEAK", Urgency.P0),
        ("施工把燃气管挖断了", CaseType.EMERGENCY, "GAS_LEAK", Urgency.P0),
        ("热水器旁边有人一氧化碳中毒了", CaseType.EMERGENCY, "GAS_LEAK", Urgency.P0),
        ("路面塌陷冒热气", CaseType.EMERGENCY, "HEAT_LEAK", Urgency.P0),
        ("暖气片跑水了", CaseType.EMERGENCY, "HEAT_LEAK", Urgency.P1),
        ("暖气一点都不热", CaseType.HELP, "HEAT_NONE", Urgency.P2),
        ("屋里才十五度,温度太低", CaseType.HELP, "HEAT_LOW_TEMP", Urgency.P2),
        ("请派人来测温", CaseType.HELP, "HEAT_MEASURE", Urgency.P2),
        ("我家突然停气了", CaseType.HELP, "GAS_OUTAGE", Urgency.P2),
        ("我要投诉收费员态度差", CaseType.COMPLAINT, "STAFF_SERVICE", Urgency.P2),
        ("我举报楼下饭店偷气", CaseType.REPORT, "GAS_THEFT", Urgency.P2),
        ("来电表扬维修师傅", CaseType.PRAISE, "STAFF_SERVICE", Urgency.P3),
        ("建议开通网上缴费", CaseType.SUGGEST, "OTHER", Urgency.P3),
        ("打错了", CaseType.OTHER, None, Urgency.P3),
    ],
)
def test_a_sentence_is_sorted(text: str, kind: CaseType, matter: str | None, urgency: Urgency) -> None:
    found = standard_suggester().suggest(text)
    assert (found.case_type, found.matter, found.urgency) == (kind, matter, urgency)
    assert found.reason


def test_danger_wins_over_every_other_word() -> None:
    assert standard_suggester().suggest("表扬师傅,另外我家有煤气味").is_emergency


def test_an_unknown_text_suggests_nothing() -> None:
    found = standard_suggester().suggest("嗯")
    assert (found.case_type, found.matter, found.urgency, found.is_emergency) == (None, None, None, False)


def test_of_the_labelled_sentences_leaks_are_heard_and_most_are_sorted() -> None:
    rows = [json.loads(line) for line in UTTERANCES.read_text("utf-8").splitlines()]
    found = [(row, standard_suggester().suggest(row["text"])) for row in rows]
    leaks = [suggestion.matter == "GAS_LEAK" for row, suggestion in found if row["intent"] == "gas_leak"]
    false_alarms = [row for row, suggestion in found if suggestion.matter == "GAS_LEAK" and row["intent"] != "gas_leak"]
    right = [suggestion.case_type and suggestion.case_type.label == row["case_type"] for row, suggestion in found]
    assert sum(leaks) / len(leaks) >= 0.9
    assert len(false_alarms) / len(rows) <= 0.03
    assert sum(map(bool, right)) / len(rows) >= 0.7


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ('type = "NOTHING"\nurgency = "P2"\nwords = ["a"]', "NOTHING"),
        ('type = "HELP"\nurgency = "P9"\nwords = ["a"]', "P9"),
        ('type = "HELP"\nurgency = "P2"\nmatter = "MOON"\nwords = ["a"]', "MOON"),
        ('type = "HELP"\nurgency = "P2"\nwords = ["("]', "unterminated"),
        ('type = "HELP"\nurgency = "P2"', "words"),
    ],
)
def test_a_wrong_rule_is_named(row: str, wrong: str) -> None:
    with pytest.raises(MasterDataRefused, match=f"rule 试.*{wrong}"):
        RuleSuggester.parse(f'[[rule]]\nname = "试"\n{row}\n', standard_matters())
