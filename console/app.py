"""The HTTP application: every request is identified, limited, authenticated, checked, answered and logged here."""

import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from aiohttp import web
from pydantic import BaseModel, ValidationError

from access.errors import TokenRefused
from access.identity import Identity
from access.roles import Scope
from console.endpoint import Ask, Endpoint, Nothing
from console.errors import (
    BadRequest,
    ConsoleError,
    FieldProblem,
    NotAllowed,
    NotSignedIn,
    NotThere,
    TooMany,
    Unavailable,
    problem,
)
from console.rate_limit import RateLimit
from vocabulary.clock import Clock
from vocabulary.errors import InvalidValue
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)
MAX_BODY_BYTES = 1024 * 1024
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Authenticator(Protocol):
    """Knows tokens; ``access.services`` serves it."""

    async def authenticate(self, token: str) -> Identity:
        """Who holds this token.

        Raises:
            TokenRefused: nobody, any more or ever.
        """
        ...


ErrorTranslator = Callable[[Exception], ConsoleError | None]
"""Turns a room's error into a console error; None when it does not know it."""


class Api:
    """Joins endpoints, authentication and limits into an aiohttp application.

    Args:
        endpoints: the rows.
        authenticator: knows tokens.
        translate: knows the rooms' errors.
        limit: requests of one source.
    """

    def __init__(
        self,
        endpoints: Iterable[Endpoint],
        authenticator: Authenticator,
        translate: ErrorTranslator,
        clock: Clock,
        limit: RateLimit | None = None,
    ) -> None:
        self.endpoints = list(endpoints)
        self._authenticator = authenticator
        self._translate = translate
        self._clock = clock
        self._limit = limit or RateLimit(per_second=50, burst=200)
        self.requests: dict[tuple[str, int], int] = {}
        """Answered requests by (path pattern, status), for /metrics."""

    def application(self) -> web.Application:
        """A fresh application with every endpoint."""
        app = web.Application(middlewares=[self._outermost], client_max_size=MAX_BODY_BYTES)
        for endpoint in self.endpoints:
            app.router.add_route(endpoint.method, endpoint.path, self._serve(endpoint), name=None)
        return app

    @web.middleware
    async def _outermost(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Identify, limit, catch, log; nothing leaves as a traceback."""
        identifier = new_id(self._clock)
        started = time.perf_counter()
        response: web.StreamResponse
        try:
            wait_s = self._limit.wait_s(request.remote or "", self._clock.monotonic_s())
            if wait_s > 0:
                raise TooMany("请稍后再试", retry_after_s=wait_s)
            response = await handler(request)
        except ConsoleError as error:
            response = problem(error, identifier)
        except web.HTTPException as error:
            response = problem(_from_http(error), identifier)
            if isinstance(error, web.HTTPMethodNotAllowed):
                response.headers["Allow"] = ", ".join(sorted(error.allowed_methods))
        except Exception as error:
            translated = self._translate(error)
            if translated is None:
                log.exception("request failed", extra={"request": identifier, "path": _pattern(request)})
                translated = ConsoleError("系统出错,已记录;请把编号告诉管理员")
            response = problem(translated, identifier)
        if not response.prepared:
            for name, value in _SECURITY_HEADERS.items():
                response.headers.setdefault(name, value)
            response.headers["X-Request-Id"] = identifier
        key = (_pattern(request), response.status)
        self.requests[key] = self.requests.get(key, 0) + 1
        took_ms = round((time.perf_counter() - started) * 1000, 1)
        log.info("request", extra={"request": identifier, "path": key[0], "status": key[1], "took_ms": took_ms})
        return response

    def _serve(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            identity = await self._identity(request, endpoint.scope)
            ask = Ask(
                identity=identity,
                body=await _body(request, endpoint.body),
                query=_checked(endpoint.query, dict(request.query), "query"),
                path=dict(request.match_info),
                source=request.remote or "",
                request=request,
            )
            return _response(await endpoint.handler(ask), endpoint.status)

        return serve

    async def _identity(self, request: web.Request, scope: Scope | None) -> Identity | None:
        """The one authorization point: who asks, and whether the right is there."""
        if scope is None:
            return None
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotSignedIn("需要 Authorization: Bearer 令牌")
        try:
            identity = await self._authenticator.authenticate(token.strip())
        except TokenRefused as error:
            raise NotSignedIn("令牌无效或已过期") from error
        if not identity.may(scope):
            raise NotAllowed(f"缺少权限 {scope.value}")
        return identity


async def _body(request: web.Request, model: type[BaseModel]) -> BaseModel:
    if model is Nothing:
        return Nothing()
    try:
        content = await request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadRequest(f"请求体不是 JSON:{error}") from error
    return _checked(model, content, "body")


def _checked(model: type[BaseModel], content: object, where: str) -> BaseModel:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        fields = [
            FieldProblem(".".join(str(step) for step in item["loc"]) or where, item["msg"]) for item in error.errors()
        ]
        raise BadRequest(f"{len(fields)} 个字段有误", fields=fields) from error
    except InvalidValue as error:
        raise BadRequest(str(error), fields=[FieldProblem(error.field or where, str(error))]) from error


def _response(answer: object, status: int) -> web.StreamResponse:
    match answer:
        case web.StreamResponse():
            return answer
        case None:
            return web.Response(status=204)
        case BaseModel():
            text = answer.model_dump_json()
        case list():
            text = "[" + ",".join(item.model_dump_json() for item in answer) + "]"
        case _:
            raise TypeError(f"a handler answered with {type(answer).__name__}")
    return web.Response(status=status, text=text, content_type="application/json", charset="utf-8")


def _from_http(error: web.HTTPException) -> ConsoleError:
    match error.status:
        case 404:
            return NotThere("没有这个地址")
        case 413:
            return BadRequest(f"请求体超过 {MAX_BODY_BYTES // 1024} KiB")
        case 503:
            return Unavailable(error.reason)
        case status:
            translated = BadRequest(error.reason)
            translated.status = status
            return translated


def _pattern(request: web.Request) -> str:
    """The route's pattern, so that neither logs nor metrics hold identifiers."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(unknown)"
