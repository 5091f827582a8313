"""Use cases of access: sign-in and tokens. Each change is one transaction with one audit entry."""

import logging
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

from access.credentials import Passwords, TokenHasher, TokenText
from access.errors import SignInRefused, TokenRefused, UserUnknown
from access.identity import Identity
from access.ports import AccessUnitOfWork, AccessUnits
from access.roles import Scope, scopes_of
from access.sign_in_limits import Attempt, SignInLimiter
from access.user import Token, TokenKind, User, user_name
from vocabulary.clock import Clock
from vocabulary.errors import InvalidValue
from vocabulary.identifiers import new_id

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AccessRules:
    """How long things last.

    Attributes:
        sign_in_s: 16 h: a 13-hour shift with its handovers never ends a sign-in in the middle.
        remember_s: a revoked token or a dismissed user is refused after this at the latest (2 s are allowed).
    """

    sign_in_s: float = 16 * 3600
    remember_s: float = 1.0


@dataclass(frozen=True, slots=True, repr=False)
class SignedIn:
    """A sign-in that succeeded.

    Attributes:
        token: goes into ``Authorization: Bearer``; shown nowhere else.
        device: the mark for this browser's long-lived cookie.
    """

    token: str
    device: str
    identity: Identity
    expires_at: datetime
    must_change_password: bool


class AccessServices:
    """See the methods.

    Args:
        units: makes units of work.
        clock: wall time for tokens, monotonic time for limits.
        passwords, tokens: how secrets are hashed.
        limiter: how fast passwords may be tried.
        rules: how long things last.
    """

    def __init__(
        self,
        units: AccessUnits,
        *,
        clock: Clock,
        passwords: Passwords,
        tokens: TokenHasher,
        limiter: SignInLimiter | None = None,
        rules: AccessRules | None = None,
    ) -> None:
        self._units = units
        self._clock = clock
        self._passwords = passwords
        self._tokens = tokens
        self._limiter = limiter or SignInLimiter()
        self._rules = rules or AccessRules()
        self._remembered: OrderedDict[str, tuple[float, str, Identity]] = OrderedDict()

    async def sign_in(self, name: str, password: str, *, source: str, device: str | None = None) -> SignedIn:
        """Exchange a password for a token.

        Args:
            name, password: as typed.
            source: the address the request came from.
            device: the mark of an earlier sign-in, if the browser sent one.
        Raises:
            SignInRefused: with the same words and after the same time for known and unknown names.
        """
        attempt = self._attempt(name, source, device)
        wait_s = self._limiter.wait_s(attempt, self._clock.monotonic_s())
        if wait_s > 0:
            log.warning("sign-in delayed", extra={"source": source})
            raise SignInRefused("too many attempts", again_after_s=wait_s)
        self._limiter.charge(attempt, self._clock.monotonic_s())
        async with self._units.reading() as uow:
            user = await uow.users.by_name(attempt.name)
        kept = user.password_hash if user is not None and user.active else None
        if not await self._passwords.matches(kept, password) or user is None:
            log.warning("sign-in refused", extra={"source": source})
            raise SignInRefused("the name or the password is wrong")
        self._limiter.succeeded(attempt, self._clock.monotonic_s())
        new_hash = await self._passwords.hash(password) if self._passwords.needs_new_hash(user.password_hash) else None
        return await self._signed_in(user.id, source, new_hash)

    async def authenticate(self, token: str) -> Identity:
        """Who is behind a token.

        Raises:
            TokenRefused: nobody, any more or ever.
        """
        text = TokenText.read(token)
        if text is None:
            raise TokenRefused("the token opens nothing")
        known = self._remembered.get(text.token_id)
        if known is not None and known[0] > self._clock.monotonic_s() and self._tokens.matches(known[1], text.secret):
            return known[2]
        async with self._units.reading() as uow:
            kept = await uow.tokens.get(text.token_id)
            user = await uow.users.get(kept.user_id) if kept is not None else None
        if kept is None or user is None or not self._tokens.matches(kept.secret_hash, text.secret):
            raise TokenRefused("the token opens nothing")
        if not kept.is_good(self._clock.now()) or not user.active:
            raise TokenRefused("the token opens nothing")
        identity = _identity(user, kept)
        self._remembered[kept.id] = (
            min(
                self._clock.monotonic_s() + self._rules.remember_s,
                self._clock.monotonic_s() + (kept.expires_at - self._clock.now()).total_seconds(),
            ),
            kept.secret_hash,
            identity,
        )
        while len(self._remembered) > 10_000:
            self._remembered.popitem(last=False)
        return identity

    def forget_remembered(self) -> None:
        """Look every token up anew: somebody's roles or passwords have changed."""
        self._remembered.clear()

    async def sign_out(self, identity: Identity) -> None:
        """End the sign-in, or the program's key, that was used to ask for this."""
        await self.revoke_token(identity, identity.token_id)

    async def create_token(
        self, by: Identity, *, label: str, scopes: frozenset[Scope], expires_at: datetime
    ) -> tuple[str, Token]:
        """A key for a program, acting for the asker.

        Returns:
            The token, to be shown once, and what is kept of it.
        Raises:
            NotAllowed: it would hold more than its maker.
        """
        for scope in sorted(scopes, key=lambda scope: scope.value):
            by.require(scope)
        text = TokenText.fresh(new_id(self._clock))
        token = Token(
            text.token_id, by.user_id, TokenKind.API, label[:100], self._tokens.hash(text.secret), scopes,
            self._clock.now(), expires_at,
        )  # fmt: skip
        async with self._units() as uow:
            uow.tokens.add(token)
            detail = {"label": token.label, "scopes": sorted(scope.value for scope in scopes)}
            uow.audit.append(by.name, "token.create", f"token {token.id}", "", detail)
            await uow.commit()
        return str(text), token

    async def tokens_of(self, by: Identity) -> list[Token]:
        """The asker's own tokens."""
        async with self._units.reading() as uow:
            return await uow.tokens.of_user(by.user_id)

    async def revoke_token(self, by: Identity, token_id: str) -> None:
        """Take a token away: one's own, or anybody's for those who manage users.

        Raises:
            TokenRefused: no such token, or not the asker's.
        """
        async with self._units() as uow:
            token = await uow.tokens.get(token_id)
            if token is None or (token.user_id != by.user_id and not by.may(Scope.USERS_MANAGE)):
                raise TokenRefused("there is no such token")
            if token.revoked_at is None:
                token.revoked_at = self._clock.now()
                uow.audit.append(by.name, "token.revoke", f"token {token.id}")
                await uow.commit()
        self._remembered.pop(token_id, None)

    async def change_password(self, by: Identity, *, old: str, new: str) -> None:
        """One's own; every other sign-in ends with it.

        Raises:
            SignInRefused: the old one is wrong.
            PasswordRefused: the new one is too weak.
        """
        async with self._units.reading() as uow:
            user = await _known(uow, by.user_id)
        attempt = Attempt(user.name, f"session {by.token_id}")
        if (wait_s := self._limiter.wait_s(attempt, self._clock.monotonic_s())) > 0:
            raise SignInRefused("too many attempts", again_after_s=wait_s)
        self._limiter.charge(attempt, self._clock.monotonic_s())
        if not await self._passwords.matches(user.password_hash, old):
            raise SignInRefused("the old password is wrong")
        self._limiter.succeeded(attempt, self._clock.monotonic_s())
        new_hash = await self._passwords.hash(new)
        async with self._units() as uow:
            await keep_password(uow, by.name, user.id, new_hash, at=self._clock.now(), by_owner=True)
        self.forget_remembered()

    def _attempt(self, name: str, source: str, device: str | None) -> Attempt:
        try:
            known_form = user_name(name)
        except InvalidValue:
            known_form = ""  # nobody's name
        trusted = device if device is not None and self._tokens.is_device(known_form, device) else None
        return Attempt(known_form, source, trusted)

    async def _signed_in(self, user_id: str, source: str, new_hash: str | None) -> SignedIn:
        text = TokenText.fresh(new_id(self._clock))
        now = self._clock.now()
        async with self._units() as uow:
            user = await _known(uow, user_id)
            if new_hash is not None:
                user.password_hash = new_hash
            token = Token(
                text.token_id, user.id, TokenKind.SIGN_IN, source[:100], self._tokens.hash(text.secret),
                frozenset(Scope), now, now + timedelta(seconds=self._rules.sign_in_s),
            )  # fmt: skip
            uow.tokens.add(token)
            uow.audit.append(user.name, "sign-in", f"user {user.name}", "", {"source": source})
            await uow.commit()
        device = self._tokens.device(user.name)
        return SignedIn(str(text), device, _identity(user, token), token.expires_at, user.must_change_password)


def _identity(user: User, token: Token) -> Identity:
    scopes = token.scopes & scopes_of(user.roles)
    return Identity(user.id, user.name, user.display_name, user.roles, scopes, token.id)


async def _known(uow: AccessUnitOfWork, user_id: str) -> User:
    user = await uow.users.get(user_id)
    if user is None:
        raise UserUnknown("there is no such user")
    return user


async def keep_password(
    uow: AccessUnitOfWork, actor: str, user_id: str, password_hash: str, *, at: datetime, by_owner: bool
) -> None:
    """Set a password, end the user's sign-ins, and commit."""
    user = await _known(uow, user_id)
    user.set_password(password_hash, at=at, by_owner=by_owner)
    await uow.tokens.revoke_all(user.id, at=at, only_sign_ins=True)
    uow.audit.append(actor, "user.password", f"user {user.name}")
    uow.events.append("access.revoked", {"user": user.id, "name": user.name})
    await uow.commit()
