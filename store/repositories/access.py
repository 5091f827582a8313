"""Users, tokens and reveals in a unit of work."""

from datetime import datetime

from sqlalchemy import func, insert, select

from access.user import Reveal, Token, TokenKind, User
from store.session import StoreSession
from store.tables.access import reveal_table, token_table, user_table


class UserRepository:
    """See ``access.ports.Users``."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, user_id: str) -> User | None:
        """See Users."""
        return await self._session.get(User, user_id)

    async def by_name(self, name: str) -> User | None:
        """See Users."""
        return await self._session.scalar(select(User).where(user_table.c.name == name))

    async def all(self) -> list[User]:
        """See Users."""
        return list(await self._session.scalars(select(User).order_by(user_table.c.name)))

    def add(self, user: User) -> None:
        """See Users."""
        self._session.add(user)


class TokenRepository:
    """See ``access.ports.Tokens``."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def get(self, token_id: str) -> Token | None:
        """See Tokens."""
        return await self._session.get(Token, token_id)

    async def of_user(self, user_id: str) -> list[Token]:
        """See Tokens."""
        query = select(Token).where(token_table.c.user_id == user_id).order_by(token_table.c.id)
        return list(await self._session.scalars(query))

    def add(self, token: Token) -> None:
        """See Tokens."""
        self._session.add(token)

    async def revoke_all(self, user_id: str, *, at: datetime, only_sign_ins: bool) -> None:
        """See Tokens."""
        query = select(Token).where(token_table.c.user_id == user_id, token_table.c.revoked_at.is_(None))
        if only_sign_ins:
            query = query.where(token_table.c.kind == TokenKind.SIGN_IN)
        for token in await self._session.scalars(query):
            token.revoked_at = at


class RevealRepository:
    """See ``access.ports.Reveals``."""

    def __init__(self, store: StoreSession) -> None:
        self._session = store.session

    async def count_since(self, user_id: str, since: datetime) -> int:
        """See Reveals."""
        query = select(func.count()).where(reveal_table.c.user_id == user_id, reveal_table.c.at > since)
        return int(await self._session.scalar(query) or 0)

    async def add(self, reveal: Reveal) -> None:
        """See Reveals."""
        values = {name: getattr(reveal, name) for name in Reveal.__dataclass_fields__}
        await self._session.execute(insert(reveal_table).values(values))
