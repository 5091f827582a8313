"""Words found by how they sound: a small recogniser writes homophones (燃气 → 然其, 煤气味 → 没氣味). Pure.

Safety words are looked for with recall first (design §6.10): a false alarm costs an agent one key, a missed leak more.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from pypinyin import Style, pinyin

from asr.chinese_text import distance, simplified

_SPOKEN_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_FLAT = {"zh": "z", "ch": "c", "sh": "s"}


@lru_cache(maxsize=4096)
def _units(text: str) -> tuple[tuple[str, str], ...]:
    plain = "".join(c for c in simplified(text) if c.isalnum()).translate(_SPOKEN_DIGITS)
    initials = [each[0] for each in pinyin(plain, style=Style.INITIALS, strict=False)]
    finals = [each[0] for each in pinyin(plain, style=Style.FINALS, strict=False)]
    return tuple(
        (_FLAT.get(initial, initial), final[:-1] if final.endswith("ng") else final)
        for initial, final in zip(initials, finals, strict=True)
    )


def sounds(text: str) -> list[str]:
    """Initials and finals in turn, without tones; zh/z, ch/c, sh/s and -ng/-n are one, as in many a dialect."""
    return [unit for syllable in _units(text) for unit in syllable]


def syllables(text: str) -> list[str]:
    """One flattened syllable a character, e.g. 着火 is ``zao huo``."""
    return [initial + final for initial, final in _units(text)]


def sound_distance(first: str, second: str) -> float:
    """0 when two phrases sound alike, 1 when nothing in them does."""
    left, right = sounds(first), sounds(second)
    return distance(left, right) / max(1, len(left), len(right))


@dataclass(frozen=True, slots=True)
class SafetyWord:
    """A danger that was named.

    Attributes:
        word: as the policy writes it.
        mended: True when the sentence says that it is over; a person phones to verify, nobody is dispatched (§3.6).
    """

    word: str
    mended: bool = False


_ANY = r"(?:\S+ )"
_GAS = r"(?:mei qi |ran qi |tian ran qi |gan dao qi |ye hua qi )"
_PART = (
    r"(?:fa men |zao |zao ju |zao tai |biao xian |jie tou |li guan |ruan guan |guan dao |cu fan |"
    r"tiao ya xian |lou dao )"
)
_SMELL = r"wei (?!gui |xian |hu |fa |xiu |sen |sou )"
# "qin an" is 请按: our own greeting (燃气漏气请按一), come back as an echo of the caller's loudspeaker.


@dataclass(frozen=True, slots=True)
class _Rule:
    """One way to name a danger.

    Attributes:
        word: as the policy writes it.
        pattern: over flattened syllables, each followed by a blank.
        gas_only: does not count where heating or water is spoken of: those leaks have a lane of their own.
    """

    word: str
    pattern: re.Pattern[str]
    gas_only: bool


def _rule(word: str, pattern: str, *, gas_only: bool = False) -> _Rule:
    return _Rule(word, re.compile(rf"(?:^|(?<= )){pattern}"), gas_only)


_RULES: tuple[_Rule, ...] = (
    _rule("漏气", r"(?:lou|pao) (?:le )?(?:mei |ran |tian ran )?qi (?!ya |qin an )"),
    _rule("漏气", rf"{_GAS}{_ANY}{{0,4}}(?:lou|pao) (?!sui |dao |san |xia |qi qin an )"),
    _rule("漏气", rf"{_PART}{_ANY}{{0,8}}(?:zai |hai )?lou (?!sui |dao |san |xia )", gas_only=True),
    _rule("漏气", rf"{_GAS}{_ANY}{{0,8}}(?:pen|si si|ci ci) ", gas_only=True),
    _rule("漏气", rf"(?:si si|ci ci) {_ANY}{{0,4}}(?:xian|pen|mao) ", gas_only=True),
    _rule("漏气", rf"(?:fei zao sui|zao ye) {_ANY}{{0,10}}(?:qi|mao) pao "),
    _rule("泄漏", r"xie lou (?!wo |le wo |ge |yin |xin |ni |dian |hao )"),
    _rule("煤气味", rf"{_GAS}{_ANY}{{0,4}}{_SMELL}"),
    _rule("煤气味", rf"{_PART}{_ANY}{{0,12}}(?:you|si|wen zhe|qi) {_ANY}{{0,2}}{_SMELL}", gas_only=True),
    _rule("煤气味", rf"wen (?:dao|zao|zhe|jian) {_ANY}{{0,5}}(?:{_SMELL}|qi )"),
    _rule("煤气味", rf"(?:cou ji dan|cou|sa bi|ci bi) (?:de )?{_SMELL}"),
    _rule("着火", r"(?:zao|ze|zuo|qi|si) huo (?!jia |ku |ce |zou )"),
    _rule("着火", rf"huo (?:miao )?{_ANY}{{0,3}}mie bu (?:diao|liao|zu) "),
    _rule("爆炸", r"bao (?:za|ran) "),
    _rule("爆管", r"(?:bao guan |guan (?:dao |zi |xian )?bao (?!xiu ))"),
    _rule("中毒", r"zon du "),
    _rule("一氧化碳", r"yi yan hua tan "),
    _rule("报警器响", rf"(?:bao jin |jin bao )(?:qi |le ){_ANY}{{0,5}}(?:xian |jiao |bao )"),
    _rule("报警器响", rf"{_GAS}{_ANY}{{0,5}}bao jin (?!qi )"),
    _rule("挖断", r"wa (?:duan|po|huai|lou|cuan) ", gas_only=True),
    _rule("头晕", rf"{_GAS}{_ANY}{{0,12}}(?:tou |fa )?(?:yun |tou ten |e xin )"),
)
_HEATING = re.compile(r"(?:^|(?<= ))(?:nuan qi|di nuan|re li|gon nuan|re sui|pao sui|lou sui) ")
_NOT = re.compile(r"(?:^|(?<= ))(?:bu|mei|mei you|bie|mei wen dao|mei you wen dao|bu zai|mei zai|bu hui|mei fa xian) $")
_ASKING = re.compile(r"(?:^|(?<= ))(?:si bu|you mei|hui bu|si fou|pa|lou bu|dan xin) (?:si |you |hui )?$")
_MENDED = re.compile(
    r"(?:^|(?<= ))(?:xiu hao|cu li hao|jie jue|cu li wan|huan hao|hao le|pai cu|mei si le|bu lou le|pu mie) "
)
_STILL = re.compile(
    r"(?:^|(?<= ))(?:hai (?:si|zai|you|xian|lou)|mei (?:you )?(?:xiu|jie|cu)|bu jie|you (?:lou|xian|you)|you kai si) "
)
_HARMLESS = ("楼七", "楼7", "打不着火", "点不着火", "打不着", "火气", "生火做饭", "曝光", "保管", "管道包", "误报")


def find_safety(text: str) -> SafetyWord | None:
    """The first danger named in a text, None if there is none or every one is denied (没有漏气, 打不着火).

    A question (是不是漏气了) counts as a danger. The order of the rules is the order of the policy.
    """
    plain = "".join(c for c in simplified(text) if c.isalnum())
    for harmless in _HARMLESS:
        plain = plain.replace(harmless, "啊")
    flat = "".join(f"{syllable} " for syllable in syllables(plain))
    heating = _HEATING.search(flat) is not None
    for rule in _RULES:
        if rule.gas_only and heating:
            continue
        for match in rule.pattern.finditer(flat):
            before = flat[: match.start()]
            if _NOT.search(before) and not _ASKING.search(before):
                continue
            return SafetyWord(rule.word, mended=bool(_MENDED.search(flat)) and not _STILL.search(flat))
    return None
