"""Use cases of access: who there is, and what they may do. Each change is one transaction with one audit entry."""

from collections.abc import Iterable
from dataclasses import dataclass

from access.credentials import Passwords, random_password
from access.errors import UserExists, UserUnknown
from access.identity import Identity
from access.ports import AccessUnitOfWork, AccessUnits
from access.roles import Role, Scope
from access.services import AccessServices, keep_password
from access.user import User, user_name
from vocabulary.clock import Clock
from vocabulary.errors import AlreadyExists
from vocabulary.identifiers import new_id


@dataclass(frozen=True, slots=True)
class SeedAccount:
    """An account of the first start."""

    name: str
    display_name: str
    roles: frozenset[Role]


class UserServices:
    """See the methods.

    Args:
        units: makes units of work.
        clock: stamps rows.
        passwords: hashes them.
        sign_ins: told to forget what it remembers when somebody's rights change.
    """

    def __init__(self, units: AccessUnits, *, clock: Clock, passwords: Passwords, sign_ins: AccessServices) -> None:
        self._units = units
        self._clock = clock
        self._passwords = passwords
        self._sign_ins = sign_ins

    async def reset_password(self, by: Identity, name: str) -> str:
        """Somebody's, to a random one that is shown once and must be changed.

        Raises:
            NotAllowed, UserUnknown: see there.
        """
        by.require(Scope.USERS_MANAGE)
        async with self._units.reading() as uow:
            user = await _named(uow, name)
        password = random_password()
        new_hash = await self._passwords.hash(password)
        async with self._units() as uow:
            await keep_password(uow, by.name, user.id, new_hash, at=self._clock.now(), by_owner=False)
        self._sign_ins.forget_remembered()
        return password

    async def create_user(self, by: Identity, *, name: str, display_name: str, roles: frozenset[Role]) -> str:
        """A new user with a random password that is shown once and must be changed.

        Raises:
            NotAllowed: the asker does not manage users.
            UserExists, InvalidValue: the name is taken, or none.
        """
        by.require(Scope.USERS_MANAGE)
        return await self._create(by.name, SeedAccount(user_name(name), display_name, roles))

    async def give_roles(self, by: Identity, name: str, roles: frozenset[Role], *, reason: str) -> None:
        """Change what somebody may do, from the next second on.

        Raises:
            NotAllowed: the asker does not manage users, or means himself.
            UserUnknown: see there.
        """
        by.require(Scope.USERS_MANAGE)
        async with self._units() as uow:
            user = await _named(uow, name)
            detail = {"before": _words(user.roles), "after": _words(roles)}
            user.roles = roles
            uow.audit.append(by.name, "user.roles", f"user {user.name}", reason, detail)
            await uow.commit()
        self._sign_ins.forget_remembered()

    async def dismiss(self, by: Identity, name: str, *, reason: str) -> None:
        """Somebody has left: no sign-in, no token of theirs opens anything any more.

        Raises:
            NotAllowed, UserUnknown: see there.
        """
        by.require(Scope.USERS_MANAGE)
        async with self._units() as uow:
            user = await _named(uow, name)
            user.active = False
            await uow.tokens.revoke_all(user.id, at=self._clock.now(), only_sign_ins=False)
            uow.audit.append(by.name, "user.dismiss", f"user {user.name}", reason)
            uow.events.append("access.revoked", {"user": user.id, "name": user.name})
            await uow.commit()
        self._sign_ins.forget_remembered()

    async def users(self, by: Identity) -> list[User]:
        """Everybody, by name.

        Raises:
            NotAllowed: the asker does not manage users.
        """
        by.require(Scope.USERS_MANAGE)
        async with self._units.reading() as uow:
            return await uow.users.all()

    async def seed(self, accounts: Iterable[SeedAccount]) -> dict[str, str]:
        """Make those accounts of the first start that do not exist yet.

        Returns:
            Name to random password, of the new ones only: nothing else ever tells them.
        """
        made: dict[str, str] = {}
        for account in accounts:
            try:
                made[account.name] = await self._create("first start", account, must_change=False)
            except UserExists:
                continue
        return made

    async def _create(self, actor: str, account: SeedAccount, *, must_change: bool = True) -> str:
        password = random_password()
        password_hash = await self._passwords.hash(password)
        now = self._clock.now()
        user = User(
            new_id(self._clock), user_name(account.name), account.display_name, password_hash, account.roles,
            now, now, must_change_password=must_change,
        )  # fmt: skip
        try:
            async with self._units() as uow:
                if await uow.users.by_name(user.name) is not None:
                    raise UserExists(f"the name {user.name} is taken")
                uow.users.add(user)
                uow.audit.append(actor, "user.create", f"user {user.name}", "", {"roles": _words(account.roles)})
                await uow.commit()
        except AlreadyExists as error:
            raise UserExists(f"the name {user.name} is taken") from error
        return password


def _words(roles: Iterable[Role]) -> list[str]:
    return sorted(role.value for role in roles)


async def _named(uow: AccessUnitOfWork, name: str) -> User:
    user = await uow.users.by_name(user_name(name))
    if user is None:
        raise UserUnknown("there is no such user")
    return user
