"""Errors as RFC 9457 problem documents."""

import json

import pytest

from console.errors import BadRequest, ConsoleError, FieldProblem, NotSignedIn, TooMany, problem

pytestmark = pytest.mark.unit


def body(error: ConsoleError) -> dict[str, object]:
    text = problem(error, "01ID").text
    assert text is not None
    found: dict[str, object] = json.loads(text)
    return found


def test_a_problem_says_what_happened_where() -> None:
    assert body(BadRequest("一处有误", fields=[FieldProblem("unit", "必填")])) == {
        "type": "about:blank",
        "title": "请求有误",
        "status": 400,
        "detail": "一处有误",
        "instance": "01ID",
        "errors": [{"field": "unit", "problem": "必填"}],
    }
    assert problem(BadRequest("x"), "01ID").content_type == "application/problem+json"


def test_waiting_and_signing_in_are_told_in_headers() -> None:
    assert problem(TooMany("慢一点", retry_after_s=0.2), "01ID").headers["Retry-After"] == "1"
    assert "Bearer" in problem(NotSignedIn("请登录"), "01ID").headers["WWW-Authenticate"]


def test_every_class_has_a_status_of_its_own_and_a_title() -> None:
    classes = [ConsoleError]
    for each in classes:
        classes += each.__subclasses__()
    assert len({each.status for each in classes}) == len(classes)
    assert len({each.title for each in classes}) == len(classes)
