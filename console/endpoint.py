"""One row of the API: method, path, right, shapes and handler; the app and the OpenAPI page are made from the rows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

Body = TypeVar("Body", bound=BaseModel)
Query = TypeVar("Query", bound=BaseModel)


class Shape(BaseModel):
    """The root of every request and response model: unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")


class Nothing(Shape):
    """A request without body or query."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks.

    Attributes:
        name: the user's or the token's name; stands in the audit.
        roles: of domain spec §1.5, e.g. ``AGENT``.
        scopes: rights, e.g. ``cases:write``; ``*`` is all.
    """

    name: str
    roles: frozenset[str]
    scopes: frozenset[str]

    def may(self, scope: str) -> bool:
        """Whether the right is among the scopes; ``cases:*`` covers ``cases:write``."""
        return bool(self.scopes & {"*", scope, scope.partition(":")[0] + ":*"})


@dataclass(frozen=True, slots=True)
class Ask(Generic[Body, Query]):
    """One request, checked.

    Attributes:
        by: who asks; an anonymous principal on public endpoints.
        path: the path's variables.
        source: the address it came from.
    """

    by: Principal
    body: Body
    query: Query
    path: dict[str, str]
    source: str
    request: web.Request


@dataclass(frozen=True, slots=True)
class Endpoint:
    """See the module's head.

    Attributes:
        scope: the right it needs; None for a public one.
        answers: the response's model; None for 204 or a body that is no JSON.
        many: the response is a list of ``answers``.
    """

    method: str
    path: str
    summary: str
    tag: str
    scope: str | None
    handler: Callable[..., Awaitable[object]]
    body: type[BaseModel] = Nothing
    query: type[BaseModel] = Nothing
    answers: type[BaseModel] | None = None
    many: bool = False
    status: int = 200
    problems: tuple[int, ...] = field(default=())
