"""What access needs from outside."""

from collections.abc import Mapping
from datetime import datetime
from types import TracebackType
from typing import Any, Protocol, Self

from access.user import Reveal, Token, User


class Users(Protocol):
    """Users in a unit of work."""

    async def get(self, user_id: str) -> User | None:
        """By ULID; None if there is none."""
        ...

    async def by_name(self, name: str) -> User | None:
        """By sign-in name, as ``user_name`` gives it; also of users who have left."""
        ...

    async def all(self) -> list[User]:
        """Everybody, by name."""
        ...

    def add(self, user: User) -> None:
        """A new user."""
        ...


class Tokens(Protocol):
    """Tokens in a unit of work."""

    async def get(self, token_id: str) -> Token | None:
        """By ULID; None if there is none."""
        ...

    async def of_user(self, user_id: str) -> list[Token]:
        """The oldest first."""
        ...

    def add(self, token: Token) -> None:
        """A new token."""
        ...

    async def revoke_all(self, user_id: str, *, at: datetime, only_sign_ins: bool) -> None:
        """Take a user's tokens away."""
        ...


class Reveals(Protocol):
    """Looks at plain numbers, in a unit of work."""

    async def count_since(self, user_id: str, since: datetime) -> int:
        """How many this user had after that moment."""
        ...

    async def add(self, reveal: Reveal) -> None:
        """One more."""
        ...


class Audit(Protocol):
    """The audit trail of a unit of work."""

    def append(
        self, actor: str, action: str, subject: str, reason: str = "", detail: Mapping[str, Any] | None = None
    ) -> None:
        """One entry, written at commit."""
        ...


class Events(Protocol):
    """The events of a unit of work."""

    def append(self, topic: str, payload: Mapping[str, Any]) -> None:
        """One event, sent by the commit."""
        ...


class AccessUnitOfWork(Protocol):
    """One transaction."""

    users: Users
    tokens: Tokens
    reveals: Reveals

    @property
    def audit(self) -> Audit:
        """See Audit."""
        ...

    @property
    def events(self) -> Events:
        """See Events."""
        ...

    async def __aenter__(self) -> Self:
        """Begin."""
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Roll back what was not committed."""
        ...

    async def commit(self) -> None:
        """Make it so."""
        ...


class AccessUnits(Protocol):
    """Makes units of work."""

    def __call__(self) -> AccessUnitOfWork:
        """A fresh one."""
        ...

    def reading(self) -> AccessUnitOfWork:
        """A fresh one that only reads."""
        ...
