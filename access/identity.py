"""Who is asking, as every request carries it."""

from dataclasses import dataclass

from access.errors import NotAllowed
from access.roles import Role, Scope


@dataclass(frozen=True, slots=True)
class Identity:
    """A user behind a valid token.

    Attributes:
        user_id: ULID.
        name: the sign-in name, which audit entries carry as the actor.
        display_name: for people.
        roles: of the user, now.
        scopes: of the token, and of the user's roles, together.
        token_id: ULID of the token.
    """

    user_id: str
    name: str
    display_name: str
    roles: frozenset[Role]
    scopes: frozenset[Scope]
    token_id: str

    def may(self, scope: Scope) -> bool:
        """Whether this door is open."""
        return scope in self.scopes

    def require(self, scope: Scope) -> None:
        """Refuse unless this door is open.

        Raises:
            NotAllowed: it is not.
        """
        if scope not in self.scopes:
            raise NotAllowed(scope.value)
