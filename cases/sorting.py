"""Suggest type, matter and urgency from the words of a demand (domain rules §1, §1.4, §10).

Rules first: safety words decide before anything else and never wait for a classifier. Words are data in
``data/master/sorting.toml``; the first rule with all its groups in the text decides. Only a suggestion: a person
confirms.
"""

import re
import tomllib
from dataclasses import dataclass
from functools import cache

from cases.errors import MasterDataRefused
from cases.master_data import MASTER_FOLDER, CaseType, Matters, Urgency, standard_matters


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a text seems to ask for.

    Attributes:
        case_type, matter, urgency: None where it cannot be told.
        certainty: 0 to 1; a rule by safety words gives 1.
        reason: the rule and the words it found, in Chinese.
    """

    case_type: CaseType | None = None
    matter: str | None = None
    urgency: Urgency | None = None
    certainty: float = 0.0
    reason: str = ""

    @property
    def is_emergency(self) -> bool:
        """Whether a person must take over at once."""
        return self.case_type is CaseType.EMERGENCY or self.urgency is Urgency.P0


NOTHING = Suggestion(reason="无法判断")


@dataclass(frozen=True, slots=True)
class SortingRule:
    """One row: every group must be found, none of ``unless`` may be.

    Attributes:
        name: for the reason shown.
        groups: regular expressions, all of which must be found.
        unless: a regular expression that rules it out; None for none.
        suggestion: what it then suggests.
    """

    name: str
    groups: tuple[re.Pattern[str], ...]
    unless: re.Pattern[str] | None
    suggestion: Suggestion

    def read(self, text: str) -> Suggestion | None:
        """The suggestion with the words found, or None."""
        found = [group.search(text) for group in self.groups]
        if not all(found) or (self.unless and self.unless.search(text)):
            return None
        words = "、".join(match.group() for match in found if match)
        of = self.suggestion
        return Suggestion(of.case_type, of.matter, of.urgency, of.certainty, f"{self.name}:“{words}”")


class RuleSuggester:
    """Implements ports.Suggester by rows of words."""

    def __init__(self, rules: tuple[SortingRule, ...]) -> None:
        self._rules = rules

    def suggest(self, text: str) -> Suggestion:
        """See ports.Suggester."""
        plain = re.sub(r"\s+", "", text)
        for rule in self._rules:
            if suggestion := rule.read(plain):
                return suggestion
        return NOTHING

    @classmethod
    def parse(cls, text: str, matters: Matters) -> "RuleSuggester":
        """Read ``sorting.toml``.

        Raises:
            MasterDataRefused: a rule names an unknown type, matter or urgency, or its words are no expression.
        """
        rules = []
        for row in tomllib.loads(text)["rule"]:
            try:
                matter = row.get("matter")
                if matter is not None and matter not in matters:
                    raise ValueError(f"unknown matter {matter}")
                rules.append(
                    SortingRule(
                        row["name"],
                        tuple(re.compile(words) for words in row["words"]),
                        re.compile(row["unless"]) if "unless" in row else None,
                        Suggestion(
                            CaseType(row["type"]), matter, Urgency(row["urgency"]), float(row.get("certainty", 0.8))
                        ),
                    )
                )
            except (ValueError, KeyError, re.error) as error:
                raise MasterDataRefused(f"sorting.toml, rule {row.get('name')}: {error}") from error
        return cls(tuple(rules))


@cache
def standard_suggester() -> RuleSuggester:
    """The rules this installation ships with."""
    return RuleSuggester.parse((MASTER_FOLDER / "sorting.toml").read_text("utf-8"), standard_matters())
