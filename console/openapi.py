"""OpenAPI 3.1 from the endpoints, and the page that shows it from files on this machine."""

import importlib.util
import logging
import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from access.roles import Scope
from console.endpoint import Door, Endpoint, Nothing
from console.errors import BadRequest, Contradicted, NotAllowed, NotSignedIn, NotThere, TooMany, Unavailable

PROBLEM_TITLES = {
    error.status: error.title
    for error in (BadRequest, NotSignedIn, NotAllowed, NotThere, Contradicted, TooMany, Unavailable)
}
"""Status → what it means, in Chinese."""

log = logging.getLogger(__name__)
_PROBLEM = {
    "type": "object",
    "description": "RFC 9457",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "problem": {"type": "string"}},
            },
        },
    },
}
_PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>暖线 Nuanxian API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script><script src="/docs/start.js"></script></body></html>
"""
_START = 'window.ui = SwaggerUIBundle({url: "/openapi.json", dom_id: "#swagger-ui", deepLinking: true});\n'


def openapi_document(endpoints: Iterable[Endpoint]) -> dict[str, Any]:
    """The OpenAPI 3.1 document of these endpoints."""
    rows = list(endpoints)
    writer = _Writer(rows)
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "暖线 Nuanxian",
            "version": metadata.version("nuanxian") if _installed() else "0.1.0",
            "description": "96556 服务热线。错误为 application/problem+json(RFC 9457)。",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "tags": [{"name": tag} for tag in dict.fromkeys(row.tag for row in rows)],
        "paths": {},
        "components": {
            "schemas": {**writer.definitions, "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    for row in rows:
        document["paths"].setdefault(row.path, {})[row.method.lower()] = writer.operation(row)
    return document


def _installed() -> bool:
    try:
        metadata.version("nuanxian")
    except metadata.PackageNotFoundError:
        return False
    return True


class _Writer:
    """Writes operations over one common set of schemas.

    Attributes:
        definitions: every schema by its name; two models of one name get longer ones.
    """

    def __init__(self, rows: list[Endpoint]) -> None:
        asked = {model for row in rows for model in (row.body, row.query)} - {Nothing}
        answered = {row.answers for row in rows if row.answers is not None}
        wanted: list[tuple[type[BaseModel], Any]] = [
            *((model, "validation") for model in sorted(asked, key=_full_name)),
            *((model, "serialization") for model in sorted(answered, key=_full_name)),
        ]
        self._schemas, whole = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
        self.definitions: dict[str, Any] = whole.get("$defs", {})

    def operation(self, row: Endpoint) -> dict[str, Any]:
        """One row."""
        operation: dict[str, Any] = {
            "summary": row.summary,
            "tags": [row.tag],
            "operationId": re.sub(r"\W+", "_", f"{row.method.lower()}{row.path}").strip("_"),
            "parameters": [*_path_parameters(row), *self._query_parameters(row)],
            "responses": self._responses(row),
        }
        if row.needs is not Door.PUBLIC:
            operation["security"] = [{"token": []}]
            operation["description"] = (
                f"权限:`{row.needs.value}`" if isinstance(row.needs, Scope) else "登录即可,不限权限"
            )
        if row.body is not Nothing:
            schema = self._schemas[row.body, "validation"]
            operation["requestBody"] = {"required": True, "content": {"application/json": {"schema": schema}}}
        return operation

    def _query_parameters(self, row: Endpoint) -> list[dict[str, Any]]:
        if row.query is Nothing:
            return []
        name = self._schemas[row.query, "validation"]["$ref"].rpartition("/")[2]
        schema = self.definitions[name]
        required = set(schema.get("required", ()))
        return [
            {"name": name, "in": "query", "required": name in required, "schema": detail}
            for name, detail in schema.get("properties", {}).items()
        ]

    def _responses(self, row: Endpoint) -> dict[str, Any]:
        refused = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
        statuses = {400, *row.problems}
        if row.needs is not Door.PUBLIC:
            statuses |= {401, 403} if isinstance(row.needs, Scope) else {401}
        responses: dict[str, Any] = {
            str(status): {"description": PROBLEM_TITLES.get(status, "problem"), **refused}
            for status in sorted(statuses)
        }
        responses["default"] = {"description": "其他错误", **refused}
        done: dict[str, Any] = {"description": "完成"}
        if row.answers is not None:
            schema: dict[str, Any] = self._schemas[row.answers, "serialization"]
            if row.many:
                schema = {"type": "array", "items": schema}
            done["content"] = {"application/json": {"schema": schema}}
        elif row.media:
            done["content"] = {row.media: {"schema": {"type": "string"}}}
        responses[str(row.status)] = done
        return responses


def _full_name(model: type[BaseModel]) -> str:
    return f"{model.__module__}.{model.__name__}"


def _path_parameters(row: Endpoint) -> list[dict[str, Any]]:
    names = [step[1:-1] for step in row.path.split("/") if step.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def add_documentation(app: web.Application, endpoints: Iterable[Endpoint]) -> None:
    """Serve /openapi.json, and /docs with nothing loaded from another host where the extra ``console`` is installed."""
    document = openapi_document(endpoints)
    files = _swagger_files()

    async def openapi(_request: web.Request) -> web.StreamResponse:
        return web.json_response(document)

    app.router.add_get("/openapi.json", openapi)
    if files is None:
        log.warning("no page at /docs: the extra console (flask-swagger-ui) is not installed")
        return

    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=_PAGE, content_type="text/html", headers=_page_policy())

    async def start(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=_START, content_type="text/javascript")

    async def file(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in {"swagger-ui.css", "swagger-ui-bundle.js"}:
            raise web.HTTPNotFound
        return web.FileResponse(files / name)

    app.router.add_get("/docs", page)
    app.router.add_get("/docs/start.js", start)
    app.router.add_get("/docs/{name}", file)


def _page_policy() -> dict[str, str]:
    """Swagger UI writes style attributes and data images; scripts stay to files of our own."""
    policy = (
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "frame-ancestors 'none'; base-uri 'none'; form-action 'self'"
    )
    return {"Content-Security-Policy": policy}


def _swagger_files() -> Path | None:
    """Swagger UI 5 (which reads OpenAPI 3.1) as a PyPI package carries it; nothing of Flask is imported."""
    package = importlib.util.find_spec("flask_swagger_ui")
    if package is None or package.origin is None:
        return None
    return Path(package.origin).parent / "dist"
