"""Reads the answer to a satisfaction survey: safety first, then opt-out, digits, words; doubt goes to a person.

Domain spec §3.6. Nothing is guessed: a reply that is not plainly one thing is FREE, CONFLICT or UNCLEAR.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum

from sms import reply_words as words


class ReplyKind(Enum):
    """What a reply means; the first three are ratings."""

    SATISFIED = "满意"
    BASIC = "一般"
    DISSATISFIED = "不满意"
    FREE = "FREE"  # free text: a person's inbox
    CONFLICT = "CONFLICT"  # digit and words, or praise and blame, contradict each other: a person
    UNCLEAR = "UNCLEAR"  # ask once more, or a person
    OPT_OUT = "OPT"
    EMERGENCY = "EMERG"  # a person at once, whatever the hour
    VERIFY = "VERIFY"  # an emergency said to be mended: a person phones within 10 minutes


@dataclass(frozen=True, slots=True)
class Reading:
    """One reply, read.

    Attributes:
        kind: what it means.
        reason: why, for people.
        demand: whether it also asks for something, to be offered as a new case.
    """

    kind: ReplyKind
    reason: str
    demand: bool = False


_RATING = {1: ReplyKind.SATISFIED, 2: ReplyKind.BASIC, 3: ReplyKind.DISSATISFIED}
_DIGITS = {"1": 1, "2": 2, "3": 3, "一": 1, "二": 2, "三": 3, "壹": 1, "贰": 2, "叁": 3, "两": 2}
_PUNCTUATION = " \t\r\n.,;:!~。、…·'\"“”‘’()[]{}<>《》【】-_—+*#/\\|^=&%$@`"
_BARE = re.compile(r"(?:我)?(?:选择?|回复?|按|评价?|打)?([123一二三壹贰叁])(?:号|项)?")
_LEADING = re.compile(
    r"(?:我)?(?:选择?|回复?|按)?([123])(?![0-9])(?!(?:天|号|楼|度|分|次|个|年|月|日|点|栋|单元|户|室|遍|回|小时|层|家|万|元|块|℃|遍|趟|周|人|位|名))"
)
_NAMED = re.compile(
    r"(?<![0-9第.:零〇一二三四五六七八九十])([123])(?![0-9.:])"
    r"(?!(?:天|号楼|号线|楼|度|分|次|个|年|月|日|点|栋|单元|户|室|遍|回|小时|层|家|万|元|块|℃|趟|周|人|位|名|条|台|组|片|间|米|成))"
)


def normalise(text: str) -> str:
    """NFKC, lower case, without blanks and zero-width characters; full-width and circled digits become digits."""
    folded = unicodedata.normalize("NFKC", text).lower()
    return "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Mn"))


def read_reply(text: str, matter: str) -> Reading:
    """What a user's reply to a survey means.

    Args:
        text: as received.
        matter: what the surveyed case is about: ``"gas"`` or ``"heat"``; on gas, 还是漏、有味、还响 are dangers.
    """
    flat = normalise(text)
    stripped = flat.strip(_PUNCTUATION)
    for step in (_safety, _opt_out):
        if reading := step(flat, stripped, matter):
            return reading
    if not stripped:
        return Reading(ReplyKind.UNCLEAR, "只有标点或空白")
    if bare := _BARE.fullmatch(stripped):
        rating = _DIGITS[bare.group(1)]
        return Reading(_RATING[rating], f"单独的数字{rating}")
    if re.fullmatch(r"[0-9零〇一二三四五六七八九十]+(分|星|颗星)?", stripped):
        return Reading(ReplyKind.UNCLEAR, "数字不在 1、2、3 之内,或带“分”")
    demand = words.DEMAND.search(flat) is not None
    if leading := _LEADING.match(stripped):
        return _digit_with_words(int(leading.group(1)), stripped[leading.end() :].strip(_PUNCTUATION), demand)
    return _words(flat, demand)


def _safety(flat: str, _stripped: str, matter: str) -> Reading | None:
    gas = matter == "gas"
    danger = words.SAFETY.search(flat) or (words.SAFETY_GAS.search(flat) if gas else None)
    mended = words.MENDED.search(flat) is not None and words.NOT_MENDED.search(flat) is None
    if danger:
        if mended:
            return Reading(ReplyKind.VERIFY, f"说险情已解决(“{danger.group()}”),须人工核实")
        return Reading(ReplyKind.EMERGENCY, f"安全词“{danger.group()}”")
    if gas and mended and re.search(r"漏|味|响|报警", flat):
        return Reading(ReplyKind.VERIFY, "燃气件说已不漏,须人工核实")
    return None


def _opt_out(flat: str, stripped: str, _matter: str) -> Reading | None:
    if words.OPT_OUT_WHOLE.fullmatch(stripped):
        return Reading(ReplyKind.OPT_OUT, "退订词")
    if words.OPT_OUT.search(words.NOT_OPT_OUT.sub("", flat)):
        return Reading(ReplyKind.OPT_OUT, "明确表示不再接收短信")
    return None


def _digit_with_words(rating: int, rest: str, demand: bool) -> Reading:
    """A leading digit and what follows it; contradiction goes to a person."""
    kind = _RATING[rating]
    if others := _ratings_named(rest) - {rating}:
        return Reading(ReplyKind.CONFLICT, f"先说{rating},后说{others.pop()}", demand)
    feelings = _feelings(rest)
    if words.AMBIGUOUS.search(rest) or (rating != 3 and words.CONTRARY.search(rest)):
        return Reading(ReplyKind.CONFLICT, f"{rating}之后又有转折", demand)
    against = {
        ReplyKind.SATISFIED: {ReplyKind.DISSATISFIED, ReplyKind.BASIC},
        ReplyKind.BASIC: {ReplyKind.DISSATISFIED, ReplyKind.SATISFIED},
        ReplyKind.DISSATISFIED: {ReplyKind.SATISFIED, ReplyKind.BASIC},
    }[kind]
    if feelings & against:
        return Reading(ReplyKind.CONFLICT, f"数字{rating}与文字矛盾", demand)
    return Reading(kind, f"数字{rating},文字不矛盾", demand)


def _words(flat: str, demand: bool) -> Reading:
    if words.AMBIGUOUS.search(flat):
        return Reading(ReplyKind.FREE, "双重否定、反问或假设,不猜", demand)
    feelings = _feelings(flat)
    if len(feelings) > 1:
        return Reading(ReplyKind.CONFLICT, "褒贬同现", demand)
    if feelings:
        kind = feelings.pop()
        if any(_RATING[rating] is not kind for rating in _ratings_named(flat)):
            return Reading(ReplyKind.CONFLICT, "数字与文字矛盾", demand)
        if kind is not ReplyKind.DISSATISFIED and words.CONTRARY.search(flat):
            return Reading(ReplyKind.CONFLICT, "评价之后又有转折", demand)
        return Reading(kind, "文字评价", demand)
    if re.fullmatch(r"[^\w一-鿿]+", flat):
        return Reading(ReplyKind.UNCLEAR, "没有文字", demand)
    return Reading(ReplyKind.FREE, "没有评价的文字", demand)


def _ratings_named(text: str) -> set[int]:
    """Digits 1 to 3 that stand alone, not as part of a date, a count or a house number."""
    return {int(digit) for digit in _NAMED.findall(text)}


def _feelings(text: str) -> set[ReplyKind]:
    """Every judgement found in the text, clause by clause; courtesy counts only when nothing else is said."""
    found: set[ReplyKind] = set()
    courtesy = False
    for clause in re.split(r"[,,。.;;!!、~\s]|但是|可是|不过|就是|只是", text):
        if not clause or words.OTHER_PLACE.search(clause):
            continue
        without, reassured = words.NOT_NEGATIVE.subn("", clause)
        if words.NEGATIVE.search(without):
            found.add(ReplyKind.DISSATISFIED)
            without = words.NEGATIVE.sub("", without)
        if words.NEUTRAL.search(without):
            found.add(ReplyKind.BASIC)
            without = words.NEUTRAL.sub("", without)
        if words.STRONG_POSITIVE.search(without) or (reassured and not found):
            found.add(ReplyKind.SATISFIED)
        courtesy = courtesy or words.WEAK_POSITIVE.search(without) is not None
    if not found and courtesy and not words.MERE_RECEIPT.search(text):
        found.add(ReplyKind.SATISFIED)
    return found
