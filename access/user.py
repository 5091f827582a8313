"""Users and their tokens, as the store keeps them."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from access.roles import Role, Scope
from vocabulary.errors import InvalidValue

_NAME = re.compile(r"[\w.\-]{2,40}")


def user_name(text: str) -> str:
    """A sign-in name in the form in which it is kept and compared: without blanks around, small letters.

    Raises:
        InvalidValue: not 2 to 40 letters, digits, dots, dashes or underscores.
    """
    name = text.strip().casefold()
    if not _NAME.fullmatch(name):
        raise InvalidValue("a user name has 2 to 40 letters, digits, dots, dashes or underscores", field="name")
    return name


@dataclass(eq=False)
class User:
    """Somebody who signs in.

    Attributes:
        id: ULID.
        name: see ``user_name``; unique.
        password_hash: Argon2id in its own text form; empty for a user without a password (BOT).
        roles: now.
        active: False for somebody who has left; the row stays for the audit trail.
        must_change_password: set with a password that somebody else chose.
        version: for optimistic concurrency; the store counts it.
    """

    id: str
    name: str
    display_name: str
    password_hash: str
    roles: frozenset[Role]
    created_at: datetime
    password_set_at: datetime
    active: bool = True
    must_change_password: bool = False
    version: int = field(default=1, init=False)

    def set_password(self, password_hash: str, *, at: datetime, by_owner: bool) -> None:
        """Take a new password; one set by somebody else must be changed by its owner."""
        self.password_hash = password_hash
        self.password_set_at = at
        self.must_change_password = not by_owner


class TokenKind(Enum):
    """What a token is for."""

    SIGN_IN = "sign-in"
    """A person's session; ends by itself, and when the password is changed."""
    API = "api"
    """A program's key; ends at its date, or when it is revoked."""


@dataclass(eq=False)
class Token:
    """A secret that stands for a user; only its keyed hash is kept.

    Attributes:
        id: ULID, in plain sight inside the token.
        secret_hash: HMAC-SHA256 of the secret part.
        label: what it is used for, in its owner's words.
        scopes: at most these; the user's roles may hold fewer.
    """

    id: str
    user_id: str
    kind: TokenKind
    label: str
    secret_hash: str
    scopes: frozenset[Scope]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None

    def is_good(self, now: datetime) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Reveal:
    """One look at a plain telephone number."""

    id: str
    user_id: str
    subject: str
    reason: str
    at: datetime
