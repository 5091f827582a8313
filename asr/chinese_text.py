"""Mandarin text made comparable: one width, one script, one way to write numbers. Pure."""

import re
import unicodedata
from pathlib import Path

import zhconv

DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "幺": 1, "两": 2}
# Loaded here by its path: left to itself, zhconv reads it at the first use and leaves the file open.
zhconv.loaddict(str(Path(zhconv.__file__).with_name("zhcdict.json")))

_UNITS = {"十": 10, "百": 100, "千": 1000, "万": 10_000}
_NUMERALS = re.compile(f"[{''.join(DIGITS)}{''.join(_UNITS)}]+")
_DECIMAL = re.compile(r"(\d)点(\d)")
_SPLIT_DIGITS = re.compile(r"(?<=\d)[\s,、，-](?=\d{1,4})")


def simplified(text: str) -> str:
    """One width (NFKC) and simplified characters; punctuation and numerals stay as they are.

    Whisper base writes traditional characters about half of the time.
    """
    converted: str = zhconv.convert(unicodedata.normalize("NFKC", text), "zh-cn")
    return converted.strip()


def number(run: str) -> str:
    """A run of Chinese numerals in digits: ``五零二`` is 502, ``一百零五`` is 105, ``十六`` is 16."""
    if not any(character in _UNITS for character in run):
        return "".join(str(DIGITS[character]) for character in run)
    total, section = 0, 0
    value: int | None = None
    for character in run:
        if character in DIGITS:
            value = DIGITS[character]
        elif character == "万":
            total, section, value = (total + section + (value or 0)) * 10_000, 0, None
        else:
            section, value = section + (1 if value is None else value) * _UNITS[character], None
    return str(total + section + (value or 0))


def comparable(text: str) -> str:
    """Letters and digits only, simplified, numerals as digits: the form in which the error rate is counted."""
    plain = simplified(text).lower()
    plain = _NUMERALS.sub(lambda match: number(match.group()), plain)
    plain = _DECIMAL.sub(r"\1.\2", plain)
    if not re.search(r"\d\.\d", plain):
        plain = _SPLIT_DIGITS.sub("", plain)
    return "".join(character for character in plain if unicodedata.category(character)[0] in "LN")


def distance(first: list[str] | str, second: list[str] | str) -> int:
    """Levenshtein distance between two sequences."""
    row = list(range(len(second) + 1))
    for i, left in enumerate(first, 1):
        previous, row[0] = row[0], i
        for j, right in enumerate(second, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (left != right))
    return row[-1]
