"""What comes in is checked here once: JSON, texts, moments; what is wrong is named, field by field, in Chinese."""

import json
from datetime import UTC, date, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, StringConstraints, ValidationError

from console.errors import BadRequest, FieldProblem
from vocabulary.errors import InvalidValue

Model = TypeVar("Model", bound=BaseModel)

_EARLIEST, _LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_MOST_DEEP = 20
_LARGEST = 2**53 - 1
"""RFC 8259 §6: integers beyond this are not the same everywhere."""


def _in_our_days(moment: datetime) -> datetime:
    """In UTC; the years beyond do not survive arithmetic with time zones."""
    if not _EARLIEST.date() <= moment.date() < _LATEST.date():
        raise ValueError("只接受 2000 至 2099 年")
    return moment.astimezone(UTC)


def _day_in_our_days(day: date) -> date:
    if not _EARLIEST.date() <= day < _LATEST.date():
        raise ValueError("只接受 2000 至 2099 年")
    return day


Moment = Annotated[AwareDatetime, AfterValidator(_in_our_days)]
"""A moment with its offset, e.g. ``2026-11-25T09:00:00+08:00``; UTC inside."""

Day = Annotated[date, AfterValidator(_day_in_our_days)]
"""A local day, e.g. ``2026-11-25``."""

ReasonText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=2, max_length=500)]
"""Why, in the asker's words; kept in the audit."""

_SENTENCES = {
    "missing": "必填",
    "extra_forbidden": "没有这个字段",
    "string_type": "应为文字",
    "string_too_short": "至少 {min_length} 个字",
    "string_too_long": "最多 {max_length} 个字",
    "string_pattern_mismatch": "格式不对",
    "too_short": "至少 {min_length} 项",
    "too_long": "最多 {max_length} 项",
    "bool_type": "应为 true 或 false",
    "bool_parsing": "应为 true 或 false",
    "int_type": "应为整数",
    "int_parsing": "应为整数",
    "int_from_float": "应为整数",
    "int_parsing_size": "数字过大",
    "greater_than_equal": "不小于 {ge}",
    "less_than_equal": "不大于 {le}",
    "enum": "只能是 {expected}",
    "literal_error": "只能是 {expected}",
    "timezone_aware": "时间要带时区,例如 2026-11-25T09:00:00+08:00",
    "datetime_type": "应为时间",
    "datetime_parsing": "应为时间,例如 2026-11-25T09:00:00+08:00",
    "datetime_from_date_parsing": "应为时间,例如 2026-11-25T09:00:00+08:00",
    "date_from_datetime_parsing": "应为日期,例如 2026-11-25",
    "date_parsing": "应为日期,例如 2026-11-25",
    "list_type": "应为列表",
    "model_type": "应为对象",
    "model_attributes_type": "应为对象",
    "value_error": "{error}",
}


def json_of(raw: bytes) -> object:
    """The value of a body.

    Raises:
        BadRequest: it is no JSON (RFC 8259, UTF-8), or holds what no field may hold: NUL, half a surrogate pair,
            NaN, a number beyond 2^53, or nesting without end.
    """
    try:
        value = json.loads(raw.decode("utf-8"), parse_constant=_no_such_number)
        _harmless(value, "", 0)
    except (ValueError, RecursionError) as error:
        where = f"(第 {error.lineno} 行第 {error.colno} 列)" if isinstance(error, json.JSONDecodeError) else ""
        raise BadRequest(f"请求体不是 UTF-8 的 JSON{where}") from error
    return value


def checked(model: type[Model], content: object, where: str) -> Model:
    """The content in its shape.

    Args:
        where: stands for the field where the whole is wrong.
    Raises:
        BadRequest: names each field that is wrong.
    """
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fields = [FieldProblem(".".join(map(str, item["loc"])) or where, _sentence(item)) for item in error.errors()]
        named = "、".join(dict.fromkeys(field.field for field in fields[:5]))
        raise BadRequest(f"{len(fields)} 处有误:{named}", fields=fields[:50]) from error
    except InvalidValue as error:
        raise BadRequest("内容不对", fields=[FieldProblem(error.field or where, str(error))]) from error


def harmless_text(text: str, name: str) -> str:
    """The text as it is.

    Raises:
        BadRequest: it holds what no database keeps and no screen shows.
    """
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise BadRequest("含有不能保存的字符", fields=[FieldProblem(name, "不能含 NUL 或半个代理对")])
    return text


def _harmless(value: object, name: str, depth: int) -> None:
    if depth > _MOST_DEEP:
        raise BadRequest("请求体嵌套过深", fields=[FieldProblem(name, f"最多 {_MOST_DEEP} 层")])
    match value:
        case str():
            harmless_text(value, name)
        case bool():
            pass
        case int() | float() if not -_LARGEST <= value <= _LARGEST:
            raise BadRequest("数字过大", fields=[FieldProblem(name, "绝对值不大于 2^53")])
        case list():
            for each in value:
                _harmless(each, name, depth + 1)
        case dict():
            for key, each in value.items():
                harmless_text(key, name or "body")
                _harmless(each, f"{name}.{key}" if name else str(key), depth + 1)


def _no_such_number(text: str) -> object:
    raise ValueError(f"{text} is no JSON number")


def _sentence(item: Any) -> str:
    template = _SENTENCES.get(item["type"])
    if template is None:
        return f"值不对({item['msg']})"
    return template.format_map({name: str(value) for name, value in item.get("ctx", {}).items()})
