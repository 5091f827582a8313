"""Passwords and token secrets: how they are made, hashed and compared."""

import asyncio
import hashlib
import hmac
import secrets
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from access.errors import PasswordRefused

SHORTEST_PASSWORD = 10
"""NIST SP 800-63B asks for 8 where a second factor is asked, more where none is; length, not characters of kinds."""

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # none that are taken for each other


class Passwords:
    """Argon2id (RFC 9106) in threads, a few at a time, so that a shift's sign-in does not hold the loop.

    Args:
        memory_kib, rounds: the cost; OWASP's 19 MiB and 2 rounds take about 30 ms of one core.
        at_once: how many are computed together, each with its memory.
    """

    def __init__(self, *, memory_kib: int = 19_456, rounds: int = 2, at_once: int = 2) -> None:
        self._hasher = PasswordHasher(time_cost=rounds, memory_cost=memory_kib, parallelism=1)
        self._turns = asyncio.Semaphore(at_once)
        self._nobody = self._hasher.hash(secrets.token_hex())

    async def hash(self, password: str) -> str:
        """The text to keep.

        Raises:
            PasswordRefused: it is too short.
        """
        if len(password) < SHORTEST_PASSWORD:
            raise PasswordRefused(f"a password needs at least {SHORTEST_PASSWORD} characters")
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, kept: str | None, password: str) -> bool:
        """Whether the password is the kept one; with nothing kept it takes as long and is False."""
        async with self._turns:
            return await asyncio.to_thread(self._matches, kept or self._nobody, password) and bool(kept)

    def needs_new_hash(self, kept: str) -> bool:
        """Whether it was hashed at an older cost."""
        return self._hasher.check_needs_rehash(kept)

    def _matches(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False


def random_password() -> str:
    """A password to be shown once: four groups of five, 98 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(5)) for _ in range(4))


@dataclass(frozen=True, slots=True, repr=False)
class TokenText:
    """A token as its owner holds it: ``nx_<ULID>_<43 characters>``."""

    token_id: str
    secret: str

    def __str__(self) -> str:
        return f"nx_{self.token_id}_{self.secret}"

    def __repr__(self) -> str:
        return f"TokenText({self.token_id})"

    @classmethod
    def fresh(cls, token_id: str) -> "TokenText":
        """A token with a new secret of 256 bits."""
        return cls(token_id, secrets.token_urlsafe(32))

    @classmethod
    def read(cls, text: str) -> "TokenText | None":
        """The parts of a token; None if it does not have its shape."""
        head, _, rest = text.partition("_")
        token_id, _, secret = rest.partition("_")
        return cls(token_id, secret) if head == "nx" and len(token_id) == 26 and len(secret) == 43 else None


class TokenHasher:
    """Hashes token secrets under the installation's key.

    Args:
        key: at least 32 bytes.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < 32:
            raise ValueError("the token key needs at least 32 bytes")
        self._key = key

    def hash(self, secret: str) -> str:
        """64 hexadecimal characters; a fast hash is enough for 256 random bits."""
        return hmac.new(self._key, secret.encode(), hashlib.sha256).hexdigest()

    def matches(self, kept: str, secret: str) -> bool:
        """Whether the secret is the kept one, in constant time."""
        return hmac.compare_digest(kept, self.hash(secret))

    def device(self, name: str) -> str:
        """A mark that a browser keeps after a sign-in, so that attacks on the name from elsewhere do not slow it."""
        nonce = secrets.token_urlsafe(12)
        return f"{nonce}.{self.hash(f'device|{name}|{nonce}')}"

    def is_device(self, name: str, device: str) -> bool:
        """Whether the mark was given to this name."""
        nonce, _, proof = device.partition(".")
        return hmac.compare_digest(proof.encode(), self.hash(f"device|{name}|{nonce}").encode())
