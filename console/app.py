"""The HTTP application: every request is identified, limited, authenticated, checked, answered and logged here."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from aiohttp import web
from pydantic import BaseModel

from access.errors import TokenRefused
from access.identity import Identity
from console.endpoint import Ask, Door, Endpoint, Nothing
from console.errors import (
    BadRequest,
    ConsoleError,
    FieldProblem,
    NotAllowed,
    NotJson,
    NotSignedIn,
    NotThere,
    TooLarge,
    TooMany,
    TooSlow,
    Unavailable,
    WrongMethod,
    problem,
)
from console.inputs import checked, harmless_text, json_of
from console.rate_limit import RateLimit
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)
MAX_BODY_BYTES = 256 * 1024
"""The longest text of ours is 4,000 characters; this is ten times the largest body that makes sense."""
BODY_WITHIN_S = 10.0
"""A body that drips in is refused (slow clients hold a connection, nothing else)."""
_SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_IDENTIFIER = web.RequestKey("identifier", str)


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
        app.on_response_prepare.append(_prepare)
        for endpoint in self.endpoints:
            app.router.add_route(endpoint.method, endpoint.path, self._serve(endpoint), name=None)
        return app

    @web.middleware
    async def _outermost(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Identify, limit, catch, log; nothing leaves as a traceback."""
        identifier = request[_IDENTIFIER] = new_id(self._clock)
        started_s = time.perf_counter()
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
        key = (_pattern(request), response.status)
        self.requests[key] = self.requests.get(key, 0) + 1
        took_ms = round((time.perf_counter() - started_s) * 1000, 1)
        log.info("request", extra={"request": identifier, "path": key[0], "status": key[1], "took_ms": took_ms})
        return response

    def _serve(self, endpoint: Endpoint) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def serve(request: web.Request) -> web.StreamResponse:
            identity = await self._identity(request, endpoint)
            ask = Ask(
                identity=identity,
                path=_path(request),
                query=checked(endpoint.query, _query(request), "query"),
                body=await _body(request, endpoint.body),
                source=request.remote or "",
                request=request,
            )
            return _response(await endpoint.handler(ask), endpoint.status)

        return serve

    async def _identity(self, request: web.Request, endpoint: Endpoint) -> Identity | None:
        """The one authorization point: who asks, and whether the right is there."""
        if endpoint.needs is Door.PUBLIC:
            return None
        kind, _, token = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() != "bearer" or not token:
            raise NotSignedIn("需要 Authorization: Bearer 令牌")
        try:
            if not token.isascii():
                raise TokenRefused("tokens are ASCII")
            identity = await self._authenticator.authenticate(token.strip())
        except TokenRefused as error:
            raise NotSignedIn("令牌无效或已过期") from error
        if endpoint.needs is not Door.SIGNED_IN and not identity.may(endpoint.needs):
            raise NotAllowed(f"缺少权限 {endpoint.needs.value}")
        return identity


async def _prepare(request: web.Request, response: web.StreamResponse) -> None:
    """What every response carries, streams and files included."""
    response.headers["Server"] = "nuanxian"
    for name, value in _SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    if identifier := request.get(_IDENTIFIER):
        response.headers["X-Request-Id"] = identifier


async def _body(request: web.Request, model: type[BaseModel]) -> BaseModel:
    if not request.body_exists or request.method in {"GET", "HEAD"}:
        raw = b""
    else:
        try:
            async with asyncio.timeout(BODY_WITHIN_S):
                raw = await request.read()
        except TimeoutError as error:
            raise TooSlow(f"请求体没有在 {BODY_WITHIN_S:.0f} 秒内到达") from error
    if not raw:
        if model is Nothing:
            return Nothing()
        raise BadRequest("缺少请求体", fields=[FieldProblem("body", "应为 JSON 对象")])
    if request.content_type != "application/json":
        raise NotJson("请求体应为 application/json(请带 Content-Type)")
    return checked(model, json_of(raw), "body")


def _query(request: web.Request) -> dict[str, str]:
    names = [name for name, _ in request.query.items()]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise BadRequest("参数重复", fields=[FieldProblem(name, "只能出现一次") for name in twice])
    return {harmless_text(name, "query"): harmless_text(value, name) for name, value in request.query.items()}


def _path(request: web.Request) -> dict[str, str]:
    """The path's variables; what no identifier holds is not there."""
    found = dict(request.match_info)
    if not all(value.isprintable() and len(value) <= 100 for value in found.values()):
        raise NotThere("没有找到,或不属于您")
    return found


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
        case 405:
            return WrongMethod("这个地址不支持这个方法")
        case 413:
            return TooLarge(f"请求体超过 {MAX_BODY_BYTES // 1024} KiB")
        case 503:
            return Unavailable("暂时不可用,请重试")
        case status:
            translated = BadRequest(f"请求有误(HTTP {status})")
            translated.status = status
            return translated


def _pattern(request: web.Request) -> str:
    """The route's pattern, so that neither logs nor metrics hold identifiers."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "(unknown)"
