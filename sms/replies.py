"""Reads the answer to a satisfaction survey: safety first, then opt-out, digits, words; doubt goes to a person.

Domain spec §3.6. Nothing is guessed: a reply that is not plainly one thing is FREE, CONFLICT or UNCLEAR.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import zhconv

from sms import reply_words as words

# Loaded here by its path: left to itself, zhconv reads it at the first use and leaves the file open.
zhconv.loaddict(str(Path(zhconv.__file__).with_name("zhcdict.json")))


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
_ROMAN = str.maketrans("ⅠⅡⅢⅰⅱⅲ", "123123")
_PUNCTUATION = " \t\r\n.,;:!?~。、…·'\"“”‘’()[]{}<>《》【】「」『』-—_+*#/\\|^=&%$@`"
_COUNTED = (
    r"天|号|楼|度|分|次|个|年|月|点|栋|单元|遍|回|小时|层|万|元|块|℃|趟|钟头|星期|位|名|条|台|组|片|间|米|成|期|区"
)
_CHOOSE = (
    r"(?:我的?|我们|给你们?|满意度|服务|那|就|还是)*(?:选择?|回复?|按|评价?|打分?|评分|给|答案|发|填)?(?:是|为|:|了)*"
)
_BARE = re.compile(_CHOOSE + r"([123一二三壹贰叁])(?:号|项|吧|呗|哈|哦|啊|呀|哟|喽|咯|了|嘛|呢|,|\.|!)*")
_LEADING = re.compile(
    r"(?:我)?(?:选择?|回复?|按|评价?|打)?([123])(?![0-9])(?!" + _COUNTED + r"|室|户|人|家|周|日|比1|楼)"
)
_NAMED = re.compile(
    r"(?<![0-9第.:月周零〇一二三四五六七八九十a-z])([123])(?![0-9.:a-z])(?!" + _COUNTED + r"|室|户|人|家|周|日|线)"
)
_SPELT_OUT = re.compile(
    r"(?<![一-鿿])(?:[一-鿿][^\w,;!?]{1,3}){2,}[一-鿿](?![一-鿿])|(?<![一-鿿])(?:[一-鿿],){3,}[一-鿿](?![一-鿿])"
)
_CLAUSES = re.compile(r"[,，。.;；!！、~\s]|但是|可是|不过(?!分)|就是|只是|可惜|(?<=[好意快错])但")


def normalise(text: str) -> str:
    """NFKC, lower case, simplified, without blanks and zero-width characters; circled and Roman 1 to 3 become digits.

    A blank after a figure separates (``1 3`` is two figures), and characters spelt out one by one are joined.
    """
    digits = "".join(str(unicodedata.digit(c)) if unicodedata.category(c) == "No" and c.isdigit() else c for c in text)
    folded = unicodedata.normalize("NFKC", digits.translate(_ROMAN)).lower()
    folded = re.sub(r"(?<![0-9])([123])\s+(?=\S)(?!" + _COUNTED + r"|[-+)])", r"\1,", folded.strip())
    flat = "".join(c for c in folded if not c.isspace() and unicodedata.category(c) not in ("Cf", "Cc", "Mn", "Me"))
    simplified: str = zhconv.convert(flat.replace("。", "."), "zh-hans")
    simplified = re.sub(r"(?<=[一-鿿])[-_·*]+(?=[一-鿿])", "", simplified)
    return _SPELT_OUT.sub(lambda run: re.sub(r"[^\w]", "", run.group()), simplified)


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
        if "?" in flat:
            return Reading(ReplyKind.UNCLEAR, f"数字{rating}带问号")
        return Reading(_RATING[rating], f"单独的数字{rating}")
    if re.fullmatch(r"[0-9零〇一二三四五六七八九十百]+(\.[0-9]+)?(分|星|颗星)?|[a-z]", stripped):
        return Reading(ReplyKind.UNCLEAR, "数字不在 1、2、3 之内,或带“分”")
    demand = words.DEMAND.search(flat) is not None
    if leading := _LEADING.match(stripped):
        return _digit_with_words(int(leading.group(1)), flat.lstrip(_PUNCTUATION)[leading.end() :], demand)
    return _words(flat, demand)


def _safety(flat: str, _stripped: str, matter: str) -> Reading | None:
    """A danger that stands is an emergency; one said to be over, and not doubted, is to be verified."""
    gas = matter == "gas"
    rest, denied = words.NOT_DANGER.subn("◎", flat)
    unmended = words.UNMENDED.search(rest)
    dangers = list(words.SAFETY.finditer(rest)) + (list(words.SAFETY_GAS.finditer(rest)) if gas else [])
    if not dangers:
        if gas and not denied and not unmended and words.GAS_ALARM.search(rest) and words.REPAIRED.search(rest):
            return Reading(ReplyKind.VERIFY, "燃气险情件说已修好,须人工核实")
        if not denied or not (gas or words.SAFETY.search(flat)):
            return None
        if words.STILL_THERE.search(rest):
            return Reading(ReplyKind.EMERGENCY, "险情说没有又说还有") if gas else None
        return Reading(ReplyKind.VERIFY, "说险情已没有,须人工核实")
    last = max(dangers, key=lambda danger: danger.end())
    if not unmended and _over(rest, last):
        return Reading(ReplyKind.VERIFY, f"说险情已解决(“{last.group()}”),须人工核实")
    return Reading(ReplyKind.EMERGENCY, f"安全词“{last.group()}”")


def _over(rest: str, danger: re.Match[str]) -> bool:
    """Whether a danger is said to be mended: after it, or before it where it is named as the thing mended."""
    ends = [match.end() for match in re.finditer(r"◎", rest)] + [m.end() for m in words.REPAIRED.finditer(rest)]
    if any(end > danger.start() for end in ends):
        return True
    told_of = words.ATTRIBUTIVE.search(rest[danger.end() :]) or words.PAST.search(rest[: danger.start()])
    governed = re.search(r"(修好|解决|处理好|处理|排除|消除)(了|完)?(家里|厨房)?的?$", rest[: danger.start()])
    return bool(ends) and (told_of is not None or governed is not None)


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
    if kind is ReplyKind.BASIC:
        rest = words.MILD_NEGATIVE.sub("", rest)
    feelings, doubt = _feelings(rest)
    if words.AMBIGUOUS.search(rest) or (kind is ReplyKind.SATISFIED and (doubt or words.CONTRARY.search(rest))):
        return Reading(ReplyKind.CONFLICT, f"{rating}之后又有转折", demand)
    against = {
        ReplyKind.SATISFIED: {ReplyKind.DISSATISFIED, ReplyKind.BASIC},
        ReplyKind.BASIC: {ReplyKind.DISSATISFIED},
        ReplyKind.DISSATISFIED: {ReplyKind.SATISFIED, ReplyKind.BASIC},
    }[kind]
    glowing = ReplyKind.SATISFIED in feelings and re.search(r"(?<!基本)满意|好评|五星|满分|非常|特别|十分|太", rest)
    if feelings & against or (kind is ReplyKind.BASIC and glowing):
        return Reading(ReplyKind.CONFLICT, f"数字{rating}与文字矛盾", demand)
    return Reading(kind, f"数字{rating},文字不矛盾", demand)


def _words(flat: str, demand: bool) -> Reading:
    if words.AMBIGUOUS.search(flat):
        return Reading(ReplyKind.FREE, "双重否定、反问或假设,不猜", demand)
    feelings, doubt = _feelings(flat)
    named = _ratings_named(flat)
    if len(feelings) > 1 or len(named) > 1 or words.MIXED.search(flat):
        return Reading(ReplyKind.CONFLICT, "褒贬同现,或说了两个数字", demand)
    if feelings:
        kind = feelings.pop()
        if any(_RATING[rating] is not kind for rating in named):
            return Reading(ReplyKind.CONFLICT, "数字与文字矛盾", demand)
        contrary = words.CONTRARY.search(flat)
        if contrary and kind is not ReplyKind.DISSATISFIED:
            return Reading(ReplyKind.CONFLICT, "评价之后又有转折", demand)
        if contrary and words.WEAK_POSITIVE.search(flat[: contrary.start()]):
            return Reading(ReplyKind.CONFLICT, "致谢之后又说不好", demand)
        if kind is ReplyKind.SATISFIED and doubt:
            return Reading(ReplyKind.FREE, f"有没读懂的否定或疑问(“{doubt}”),不猜", demand)
        return Reading(kind, "文字评价", demand)
    if re.fullmatch(r"[^\w一-鿿]+", flat):
        return Reading(ReplyKind.UNCLEAR, "没有文字", demand)
    return Reading(ReplyKind.FREE, "没有评价的文字", demand)


def _ratings_named(text: str) -> set[int]:
    """Digits 1 to 3 that stand alone, not as part of a date, a count or a house number."""
    return {int(digit) for digit in _NAMED.findall(text)}


def _feelings(text: str) -> tuple[set[ReplyKind], str]:
    """Every judgement found, clause by clause, and the first negation or question that none of them explains.

    Courtesy counts only when nothing else is said, and so does trouble told of as past when all is well now.
    """
    found: set[ReplyKind] = set()
    courtesy = past = False
    doubt = ""
    for clause in _CLAUSES.split(_without_mended(text)):
        if not clause or words.OTHER_PLACE.search(clause):
            continue
        judged, left = _clause(clause)
        if judged == {ReplyKind.DISSATISFIED} and words.PAST.search(clause):
            past = True
            continue
        found |= judged
        courtesy = courtesy or words.WEAK_POSITIVE.search(clause) is not None
        if not judged and words.ASIDE.search(clause) and not words.ABOUT_THIS_CASE.search(clause):
            continue
        if not judged & {ReplyKind.DISSATISFIED} and (odd := words.UNEXPLAINED.search(left)):
            doubt = doubt or odd.group()
    if not found and past:
        found.add(ReplyKind.DISSATISFIED)
    if not found and courtesy and not words.MERE_RECEIPT.search(text):
        found.add(ReplyKind.SATISFIED)
    return found, doubt


def _without_mended(text: str) -> str:
    """Trouble named as the thing mended (漏水修好了) is mended; a mending undone (修好又坏) is none."""
    text = re.sub(words.MENDED_TROUBLE, "解决了", text)
    return re.sub(words.UNDONE, r"\g<again>", text)


def _clause(clause: str) -> tuple[set[ReplyKind], str]:
    """The judgements of one clause and what is left of it when their words are taken out."""
    judged: set[ReplyKind] = set()
    left, praised = words.PRAISE_WITH_NOT.subn("", clause)
    left, so_so = words.NEUTRAL.subn("", left)
    left, reassured = words.REASSURED.subn("", left)
    left = words.HARMLESS.sub("", left)
    if praised:
        judged.add(ReplyKind.SATISFIED)
    if so_so:
        judged.add(ReplyKind.BASIC)
    for pattern in (words.RATING_WORD, words.PRAISE, words.RESOLVED):
        for match in reversed(list(pattern.finditer(left))):
            before, after = left[: match.start()], left[match.end() :]
            if words.NEGATED.search(before) or words.DENIED_AFTER.match(after):
                judged.add(ReplyKind.DISSATISFIED)
            elif pattern is words.RESOLVED and (words.HYPOTHETICAL.search(before) or words.ASKED.search(after)):
                continue
            else:
                judged.add(ReplyKind.SATISFIED)
                left = before + "+" + after
    if words.NEGATIVE.search(left):
        judged.add(ReplyKind.DISSATISFIED)
    if reassured and not judged:
        judged.add(ReplyKind.SATISFIED)
    return judged, left
