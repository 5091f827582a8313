"""One row of the API: method, path, right, shapes and handler; the app and the OpenAPI page are made from the rows."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Generic, TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict

from access.identity import Identity
from access.roles import Scope

Body = TypeVar("Body", bound=BaseModel)
Query = TypeVar("Query", bound=BaseModel)
Answer = TypeVar("Answer", bound=BaseModel)


class Door(Enum):
    """Who may enter where no scope is asked for."""

    PUBLIC = "public"
    """Anybody who reaches the port."""
    SIGNED_IN = "signed in"
    """Whoever holds a token that is good, whatever its scopes."""


class Shape(BaseModel):
    """The root of every request and response model: unknown fields are refused by name."""

    model_config = ConfigDict(extra="forbid")


def as_model(model: type[Answer], row: object) -> Answer:
    """A query row as a response model: the model's fields, read from the row's attributes."""
    return model.model_validate({name: getattr(row, name) for name in model.model_fields})


class Nothing(Shape):
    """A request without body or query."""


@dataclass(frozen=True, slots=True)
class Ask(Generic[Body, Query]):
    """One request, checked.

    Attributes:
        identity: who asks; None on public endpoints.
        path: the path's variables.
        source: the address it came from.
    """

    identity: Identity | None
    body: Body
    query: Query
    path: dict[str, str]
    source: str
    request: web.Request

    @property
    def by(self) -> Identity:
        """Who asks, on an endpoint that is not public."""
        if self.identity is None:
            raise LookupError("a public endpoint has no identity")
        return self.identity


@dataclass(frozen=True, slots=True)
class Endpoint:
    """See the module's head.

    Attributes:
        needs: the scope, or the door, that lets in.
        answers: the response's model; None for 204 or a body that is no JSON.
        many: the response is a list of ``answers``.
        media: type of a response that is no JSON.
        problems: statuses beside 400, 401, 403 and 500 that a client should expect.
    """

    method: str
    path: str
    summary: str
    tag: str
    needs: Scope | Door
    handler: Callable[..., Awaitable[object]]
    body: type[BaseModel] = Nothing
    query: type[BaseModel] = Nothing
    answers: type[BaseModel] | None = None
    many: bool = False
    status: int = 200
    media: str = ""
    problems: tuple[int, ...] = field(default=())
