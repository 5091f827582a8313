"""Errors as people and programs read them: RFC 9457 problem details, in Chinese first.

ConsoleError
├── NotSignedIn        401  no token, or one that is not known
├── NotAllowed         403  the right is missing; names it
├── NotThere           404  there is no such thing, or it is not yours: the same answer for both
├── BadRequest         400  a field is wrong; names each
│   ├── WrongMethod    405  the address exists, not for this
│   ├── TooSlow        408  the body did not come in time
│   ├── TooLarge       413  the body is too large; says how large it may be
│   └── NotJson        415  the body is said to be something else
├── Contradicted       409  somebody changed it first, or the state does not allow it; says the rule
├── TooMany            429  slowed down; says for how long
└── Unavailable        503  a part is away; says which
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from aiohttp import web

from vocabulary.errors import NuanxianError


@dataclass(frozen=True, slots=True)
class FieldProblem:
    """One field that is wrong."""

    field: str
    problem: str


class ConsoleError(NuanxianError):
    """The root: each class has a status and a title; the instance says what happened.

    Args:
        detail: a sentence for people.
        fields: which fields are wrong, and why.
        retry_after_s: for how long to wait, if waiting helps.
    """

    status = 500
    title = "系统内部错误"

    def __init__(self, detail: str, *, fields: Sequence[FieldProblem] = (), retry_after_s: float | None = None) -> None:
        super().__init__(detail)
        self.detail = detail
        self.fields = tuple(fields)
        self.retry_after_s = retry_after_s


class NotSignedIn(ConsoleError):
    """See the tree."""

    status, title = 401, "请先登录"


class NotAllowed(ConsoleError):
    """See the tree."""

    status, title = 403, "没有权限"


class NotThere(ConsoleError):
    """See the tree."""

    status, title = 404, "没有找到"


class BadRequest(ConsoleError):
    """See the tree."""

    status, title = 400, "请求有误"


class WrongMethod(BadRequest):
    """See the tree."""

    status, title = 405, "不支持这个方法"


class TooSlow(BadRequest):
    """See the tree."""

    status, title = 408, "请求体没有按时到达"


class TooLarge(BadRequest):
    """See the tree."""

    status, title = 413, "请求体过大"


class NotJson(BadRequest):
    """See the tree."""

    status, title = 415, "请求体类型不对"


class Contradicted(ConsoleError):
    """See the tree."""

    status, title = 409, "当前状态不允许"


class TooMany(ConsoleError):
    """See the tree."""

    status, title = 429, "请求过于频繁"


class Unavailable(ConsoleError):
    """See the tree."""

    status, title = 503, "暂时不可用"


def problem(error: ConsoleError, instance: str) -> web.Response:
    """The error as application/problem+json.

    Args:
        instance: the request's identifier, which stands in the log too.
    """
    body: dict[str, object] = {
        "type": "about:blank",
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "instance": instance,
    }
    if error.fields:
        body["errors"] = [{"field": item.field, "problem": item.problem} for item in error.fields]
    response = web.Response(
        status=error.status,
        text=json.dumps(body, ensure_ascii=False),
        content_type="application/problem+json",
        charset="utf-8",
    )
    if error.retry_after_s is not None:
        response.headers["Retry-After"] = str(max(1, round(error.retry_after_s)))
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="nuanxian"'
    return response
