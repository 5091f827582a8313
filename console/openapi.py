"""OpenAPI 3.1 from the endpoints, and the page that shows it from files on this machine."""

import importlib.util
import re
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from console.endpoint import Endpoint, Nothing

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
    models = {row.body for row in rows} | {row.query for row in rows} | {row.answers for row in rows if row.answers}
    wanted: list[tuple[type[BaseModel], Any]] = [(m, "validation") for m in sorted(models, key=lambda m: m.__name__)]
    _, schemas = models_json_schema(wanted, ref_template="#/components/schemas/{model}")
    document: dict[str, Any] = {
        "openapi": "3.1.0",
        "info": {
            "title": "暖线 Nuanxian",
            "version": metadata.version("nuanxian") if _installed() else "0.1.0",
            "description": "96556 服务热线。错误为 application/problem+json(RFC 9457)。",
        },
        "paths": {},
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": _PROBLEM},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }
    for row in rows:
        document["paths"].setdefault(row.path, {})[row.method.lower()] = _operation(row)
    return document


def _installed() -> bool:
    try:
        metadata.version("nuanxian")
    except metadata.PackageNotFoundError:
        return False
    return True


def _operation(row: Endpoint) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "summary": row.summary,
        "tags": [row.tag],
        "operationId": re.sub(r"\W+", "_", f"{row.method.lower()}{row.path}").strip("_"),
        "parameters": [*_path_parameters(row), *_query_parameters(row)],
        "responses": _responses(row),
    }
    if row.scope is not None:
        operation["security"] = [{"token": []}]
        operation["description"] = f"权限:`{row.scope.value}`"
    if row.body is not Nothing:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{row.body.__name__}"}}},
        }
    return operation


def _path_parameters(row: Endpoint) -> list[dict[str, Any]]:
    names = [step[1:-1] for step in row.path.split("/") if step.startswith("{")]
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _query_parameters(row: Endpoint) -> list[dict[str, Any]]:
    schema = row.query.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        {"name": name, "in": "query", "required": name in required, "schema": detail}
        for name, detail in schema.get("properties", {}).items()
    ]


def _responses(row: Endpoint) -> dict[str, Any]:
    refused = {"content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}}
    statuses = {400, *row.problems} | ({401, 403} if row.scope is not None else set())
    responses: dict[str, Any] = {str(s): {"description": "problem", **refused} for s in sorted(statuses)}
    if row.answers is None:
        responses[str(row.status)] = {"description": "ok"}
        return responses
    schema: dict[str, Any] = {"$ref": f"#/components/schemas/{row.answers.__name__}"}
    if row.many:
        schema = {"type": "array", "items": schema}
    responses[str(row.status)] = {"description": "ok", "content": {"application/json": {"schema": schema}}}
    return responses


def add_documentation(app: web.Application, endpoints: Iterable[Endpoint]) -> None:
    """Serve /openapi.json and /docs, with nothing loaded from another host."""
    document = openapi_document(endpoints)
    files = _swagger_files()

    async def openapi(_request: web.Request) -> web.StreamResponse:
        return web.json_response(document)

    async def page(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=_PAGE, content_type="text/html", headers=_page_policy())

    async def start(_request: web.Request) -> web.StreamResponse:
        return web.Response(text=_START, content_type="text/javascript")

    async def file(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        if name not in {"swagger-ui.css", "swagger-ui-bundle.js"}:
            raise web.HTTPNotFound
        return web.FileResponse(files / name)

    app.router.add_get("/openapi.json", openapi)
    app.router.add_get("/docs", page)
    app.router.add_get("/docs/start.js", start)
    app.router.add_get("/docs/{name}", file)


def _page_policy() -> dict[str, str]:
    """Swagger UI writes style attributes and data images; scripts stay to files of our own."""
    policy = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
    return {"Content-Security-Policy": policy}


def _swagger_files() -> Path:
    """Swagger UI 5 (which reads OpenAPI 3.1) as a PyPI package carries it; nothing of Flask is imported."""
    package = importlib.util.find_spec("flask_swagger_ui")
    if package is None or package.origin is None:
        raise LookupError("the package flask-swagger-ui, which carries Swagger UI, is not installed")
    return Path(package.origin).parent / "dist"
