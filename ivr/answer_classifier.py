"""What a short answer means, given what was just asked: eight readings, compared by sound (notes/speech). Pure.

Nothing is guessed: a doubtful answer is unsure, then the question is asked again, then keys, then a person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from asr.pinyin_match import SafetyWord, find_safety, sound_distance, syllables
from asr.recogniser import Hypothesis


class Intent(Enum):
    """What somebody meant."""

    YES = "yes"
    NO = "no"
    RESOLVED = "resolved"
    NOT_RESOLVED = "not_resolved"
    VERY_SATISFIED = "very_satisfied"
    SATISFIED = "satisfied"
    BASIC_SATISFIED = "basic_satisfied"
    DISSATISFIED = "dissatisfied"
    VERY_DISSATISFIED = "very_dissatisfied"
    DIGIT_1 = "digit_1"
    DIGIT_2 = "digit_2"
    DIGIT_3 = "digit_3"
    DIGIT_4 = "digit_4"
    DIGIT_5 = "digit_5"
    HUMAN = "human"
    BUSY = "busy"
    WRONG_PERSON = "wrong_person"
    STOP_CALLING = "stop_calling"
    REPEAT = "repeat"


class DialogueState(Enum):
    """What the machine has just asked (domain-spec §3.7); decides which answers are possible."""

    CONFIRM_PERSON = "CONFIRM_PERSON"
    ASK_RESOLVED = "ASK_RESOLVED"
    ASK_REASON = "ASK_REASON"
    RATING = "RATING"
    NEW_DEMAND = "NEW_DEMAND"
    MESSAGE = "MESSAGE"


PHRASES: dict[Intent, tuple[str, ...]] = {
    Intent.YES: ("是的", "是", "对", "对对对", "好的", "可以", "嗯", "方便", "有", "有的", "我是"),
    Intent.NO: ("不是", "没有", "没有啊", "不用了", "不用了谢谢", "不对", "没有了", "没了", "没有别的事"),
    Intent.RESOLVED: ("已经修好了", "修好了", "解决了", "已经解决了", "现在热了", "修好了现在热了"),
    Intent.NOT_RESOLVED: ("没有修好", "没修好", "还没有解决", "没解决", "还是不热", "还没修好"),
    Intent.VERY_SATISFIED: ("非常满意", "很满意"),
    Intent.SATISFIED: ("满意",),
    Intent.BASIC_SATISFIED: ("基本满意", "一般"),
    Intent.DISSATISFIED: ("不满意", "很不满意"),
    Intent.VERY_DISSATISFIED: ("非常不满意",),
    Intent.DIGIT_1: ("一", "一分"),
    Intent.DIGIT_2: ("二", "二分", "两分"),
    Intent.DIGIT_3: ("三", "三分"),
    Intent.DIGIT_4: ("四", "四分"),
    Intent.DIGIT_5: ("五", "五分"),
    Intent.HUMAN: ("转人工", "找人工", "我要人工"),
    Intent.BUSY: ("现在不方便", "我在开车", "不方便", "我在开会"),
    Intent.WRONG_PERSON: ("你打错了", "打错了", "我不是他本人"),
    Intent.STOP_CALLING: ("别再打了", "不要再打了", "别给我打电话了"),
    Intent.REPEAT: ("听不清", "再说一遍", "你说什么", "没听清楚"),
}
_ALWAYS = frozenset({Intent.HUMAN, Intent.REPEAT, Intent.STOP_CALLING})
ALLOWED: dict[DialogueState, frozenset[Intent]] = {
    DialogueState.CONFIRM_PERSON: _ALWAYS | {Intent.YES, Intent.NO, Intent.BUSY, Intent.WRONG_PERSON},
    DialogueState.ASK_RESOLVED: _ALWAYS | {Intent.YES, Intent.NO, Intent.RESOLVED, Intent.NOT_RESOLVED, Intent.BUSY},
    DialogueState.RATING: _ALWAYS
    | {Intent.VERY_SATISFIED, Intent.SATISFIED, Intent.BASIC_SATISFIED, Intent.DISSATISFIED}
    | {Intent.VERY_DISSATISFIED, Intent.DIGIT_1, Intent.DIGIT_2, Intent.DIGIT_3, Intent.DIGIT_4, Intent.DIGIT_5},
    DialogueState.NEW_DEMAND: _ALWAYS | {Intent.YES, Intent.NO},
    DialogueState.ASK_REASON: _ALWAYS,
    DialogueState.MESSAGE: frozenset({Intent.HUMAN}),
}
"""In ASK_RESOLVED yes means resolved and no means not resolved: ``settled`` says so."""

_LESS_LIKELY = 0.2  # a reading is handicapped by so much a natural logarithm of probability (notes/speech)
_LIMIT = 0.5  # a worse value is a guess (notes/speech: 43 right, 0 wrong, 5 unsure of 48)
_DOUBTFUL = 0.4  # a worse value counts only with _MARGIN to the nearest answer of another meaning
_MARGIN = 0.15
_STRICT_LIMIT = 0.34  # for one-syllable answers, which match by accident, and for what would end or stretch the call
_STRICT = frozenset({Intent.REPEAT, Intent.STOP_CALLING, Intent.WRONG_PERSON})
_AGREEING = frozenset({Intent.SATISFIED, Intent.VERY_SATISFIED, Intent.RESOLVED, Intent.YES})
_SAME = {Intent.VERY_SATISFIED: Intent.SATISFIED, Intent.VERY_DISSATISFIED: Intent.DISSATISFIED}
_NEGATIONS = frozenset({"bu", "mei"})
_NO_NEGATIONS = ("没问题", "没事", "不错", "不客气")


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer understood, or not.

    Attributes:
        intent: None when unsure.
        safety: a danger that was named; goes before everything.
        value: 0 is a perfect match, −0.5 the worst that is taken.
        reason: for the record of the callback.
    """

    intent: Intent | None
    safety: SafetyWord | None
    value: float
    reason: str


def settled(intent: Intent | None, state: DialogueState) -> Intent | None:
    """Yes and no in the words of the question asked."""
    if state is DialogueState.ASK_RESOLVED:
        return {Intent.YES: Intent.RESOLVED, Intent.NO: Intent.NOT_RESOLVED}.get(intent, intent) if intent else None
    return intent


def classify(hypotheses: Sequence[Hypothesis], state: DialogueState) -> Answer:
    """The intent whose phrase sounds nearest to any reading, less likely readings handicapped.

    Safety words are looked for first, in every reading.
    """
    for hypothesis in hypotheses:
        safety = find_safety(hypothesis.text)
        if safety is not None:
            return Answer(None, safety, 0.0, f"safety word {safety.word}")
    readings = [each for each in hypotheses if each.text]
    if not readings:
        return Answer(None, None, -1.0, "nothing recognised")
    top = max(each.log_probability for each in readings)
    scores = {
        intent: max(
            _LESS_LIKELY * (each.log_probability - top) - _cost(each.text, phrase, intent)
            for each in readings
            for phrase in PHRASES[intent]
        )
        for intent in ALLOWED[state]
    }
    intent = max(scores, key=lambda each: (scores[each], each.value))
    value = scores[intent]
    if value < -_LIMIT:
        return Answer(None, None, value, "sounds like none of the answers")
    meant = _meaning(intent, state)
    rivals = (score for other, score in scores.items() if _meaning(other, state) is not meant)
    rival = max(rivals, default=-1.0)
    if rival >= value or (value < -_DOUBTFUL and rival > value - _MARGIN):
        return Answer(None, None, value, "as near to another answer")
    if intent in _AGREEING and _denies(max(readings, key=lambda each: each.log_probability).text):
        return Answer(None, None, value, "a negation was heard beside it")
    return Answer(intent, None, value, f"sounds like {PHRASES[intent][0]}")


def _meaning(intent: Intent, state: DialogueState) -> Intent | None:
    """Answers that lead the same way are no rivals."""
    return _SAME.get(intent, settled(intent, state))


def _denies(reading: str) -> bool:
    """Whether 不 or 没 was said: 不是很满意 is near to 很满意 by sound, and far from it."""
    for harmless in _NO_NEGATIONS:
        reading = reading.replace(harmless, "")
    return not _NEGATIONS.isdisjoint(syllables(reading))


def _cost(reading: str, phrase: str, intent: Intent) -> float:
    """0 when they sound alike; 1 when they are too far apart to count."""
    half = len(reading) // 2
    said = reading[:half] if half and reading == reading[:half] * 2 else reading  # 三三, as 三 is often written
    cost = sound_distance(said, phrase)
    strict = len(phrase) == 1 or intent in _STRICT
    return cost if not strict or cost <= _STRICT_LIMIT else 1.0
