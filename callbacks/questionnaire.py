"""The SMS survey: its words, its length, and the extension digits by which a reply finds it (§3.6), pure."""

from collections.abc import Set
from dataclasses import dataclass
from datetime import date, timedelta

from callbacks.errors import CallbackError

SINGLE_SMS_CHARACTERS = 70
"""UCS-2: one SMS holds 70 characters (3GPP TS 23.040 §9.2.3.24)."""
ANSWERED_WITHIN = timedelta(hours=72)
"""有效期 72 h(含)."""
EXTENSION_REST = timedelta(days=30)
"""扩展码同号 30 天内不复用."""
RATING_OF_DIGIT = {"1": "满意", "2": "一般", "3": "不满意"}
"""三级评价; 2 (基本满意) counts as satisfied and is shown apart."""

SURVEY_TEMPLATE = (
    "【{signature}】您{month}月{day}日反映的{matter}已处理,请评价:回复1满意,2基本满意,3不满意。"
    "紧急请拨96556,拒收请回复R"
)
NOTICE_TEMPLATE = "【{signature}】您{month}月{day}日提出的建议已收悉并转有关部门研究采纳,感谢您的支持。"


@dataclass(frozen=True, slots=True)
class SurveyText:
    """How surveys are worded; a template is registered with the carrier under its signature."""

    signature: str = "青岛能源"
    survey: str = SURVEY_TEMPLATE
    notice: str = NOTICE_TEMPLATE
    unknown_matter: str = "问题"


def survey_text(words: SurveyText, matter: str, reported_on: date) -> str:
    """The survey about one case; never longer than one SMS: a long matter gives way to a short word.

    Raises:
        CallbackError: even then it is too long, so the template is wrong.
    """
    return _fitting(words, words.survey, matter, reported_on)


def notice_text(words: SurveyText, matter: str, reported_on: date) -> str:
    """What becomes of a suggestion (row 16). Raises: see survey_text."""
    return _fitting(words, words.notice, matter, reported_on)


def _fitting(words: SurveyText, template: str, matter: str, reported_on: date) -> str:
    for name in (matter or words.unknown_matter, words.unknown_matter):
        text = template.format(signature=words.signature, month=reported_on.month, day=reported_on.day, matter=name)
        if len(text) <= SINGLE_SMS_CHARACTERS:
            return text
    raise CallbackError(f"短信模板过长:{len(text)} 字,最多 {SINGLE_SMS_CHARACTERS} 字")


def choose_extension(case_number: str, used: Set[str], digits: int = 4) -> str:
    """Extension digits for a survey: the case's last digits, or the next free ones for this number.

    Args:
        case_number: ``RX20261124-0031`` gives ``0031``.
        used: extensions sent to the same number in the last 30 days.
        digits: 3 or 4, as the channel allows.
    Raises:
        CallbackError: every extension was used within 30 days.
    """
    count = 10**digits
    start = int("".join(c for c in case_number if c.isdigit())[-digits:] or "0")
    for offset in range(count):
        extension = f"{(start + offset) % count:0{digits}d}"
        if extension not in used:
            return extension
    raise CallbackError("该号码的扩展码 30 天内已用尽")
