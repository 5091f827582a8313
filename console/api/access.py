"""Sign-in, tokens and users."""

from datetime import datetime, timedelta

from aiohttp import web
from pydantic import Field

from access.credentials import SHORTEST_PASSWORD
from access.errors import SignInRefused
from access.roles import Role, Scope
from access.services import AccessServices
from access.user_services import UserServices
from console.endpoint import Ask, Door, Endpoint, Nothing, Shape
from console.errors import BadRequest, FieldProblem
from console.inputs import ReasonText
from vocabulary.clock import Clock

DEVICE_COOKIE = "nx_device"
DEVICE_COOKIE_S = 365 * 24 * 3600
"""The mark of a browser that signed in before: attacks on its user's name from elsewhere do not slow it."""


class SignIn(Shape):
    """A name and a password."""

    name: str = Field(min_length=1, max_length=64)
    password: str = Field(min_length=1, max_length=200)


class SignedInAnswer(Shape):
    """The token goes into ``Authorization: Bearer``."""

    token: str
    expires_at: datetime
    name: str
    roles: list[str]
    scopes: list[str]
    must_change_password: bool


class Me(Shape):
    """Who the token belongs to."""

    name: str
    display_name: str
    roles: list[str]
    scopes: list[str]


class PasswordChange(Shape):
    """One's own password."""

    old: str = Field(min_length=1, max_length=200)
    new: str = Field(min_length=SHORTEST_PASSWORD, max_length=200)


class NewToken(Shape):
    """A key for a program, acting for the asker."""

    label: str = Field(min_length=1, max_length=100)
    scopes: list[Scope] = Field(min_length=1, max_length=len(Scope))
    days: int | None = Field(None, ge=1, le=3650, description="不写则按设置 api.token_days")


class TokenMade(Shape):
    """Shown once."""

    id: str
    token: str
    expires_at: datetime


class TokenView(Shape):
    """A token without its secret."""

    id: str
    kind: str
    label: str
    scopes: list[str]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None


class NewUser(Shape):
    """A member of the staff; the random password is in the answer, once."""

    name: str = Field(min_length=2, max_length=64)
    display_name: str = Field(min_length=1, max_length=64)
    roles: list[Role] = Field(min_length=1, max_length=len(Role))


class UserMade(Shape):
    """Shown once; to be changed at the first sign-in."""

    name: str
    password: str


class UserView(Shape):
    """A member of the staff."""

    name: str
    display_name: str
    roles: list[str]
    active: bool


class RoleChange(Shape):
    """New roles, with the reason that the audit keeps."""

    roles: list[Role] = Field(max_length=len(Role))
    reason: ReasonText


class Reason(Shape):
    """Why; kept in the audit."""

    reason: ReasonText


class AccessApi:
    """Rows of this part.

    Args:
        token_days: how long a program's key lives unless its maker says otherwise.
    """

    def __init__(self, access: AccessServices, users: UserServices, clock: Clock, *, token_days: int = 30) -> None:
        self._access, self._users, self._clock, self._token_days = access, users, clock, token_days

    def endpoints(self) -> list[Endpoint]:
        """The rows."""
        tag, manage, own = "登录与权限", Scope.USERS_MANAGE, Door.SIGNED_IN
        return [
            Endpoint("POST", "/api/v1/sign-in", "登录", tag, Door.PUBLIC, self.sign_in, SignIn, answers=SignedInAnswer, problems=(401, 429)),
            Endpoint("POST", "/api/v1/sign-out", "退出", tag, own, self.sign_out, status=204),
            Endpoint("GET", "/api/v1/me", "我是谁", tag, own, self.me, answers=Me),
            Endpoint("POST", "/api/v1/me/password", "改密码(其他登录随之失效)", tag, own, self.change_password, PasswordChange, status=204, problems=(429,)),
            Endpoint("GET", "/api/v1/me/tokens", "我的令牌", tag, own, self.tokens, answers=TokenView, many=True),
            Endpoint("POST", "/api/v1/me/tokens", "新令牌(只显示一次)", tag, own, self.new_token, NewToken, answers=TokenMade, status=201),
            Endpoint("DELETE", "/api/v1/me/tokens/{token}", "作废令牌", tag, own, self.revoke, status=204, problems=(404,)),
            Endpoint("GET", "/api/v1/users", "人员", tag, manage, self.users, answers=UserView, many=True),
            Endpoint("POST", "/api/v1/users", "新人员(密码只显示一次)", tag, manage, self.new_user, NewUser, answers=UserMade, status=201, problems=(409,)),
            Endpoint("PUT", "/api/v1/users/{name}/roles", "改岗位", tag, manage, self.give_roles, RoleChange, status=204, problems=(404,)),
            Endpoint("POST", "/api/v1/users/{name}/password", "重置密码(只显示一次,须改)", tag, manage, self.reset_password, answers=UserMade, problems=(404,)),
            Endpoint("POST", "/api/v1/users/{name}/dismiss", "离岗:一切令牌失效", tag, manage, self.dismiss, Reason, status=204, problems=(404,)),
        ]  # fmt: skip

    async def sign_in(self, ask: Ask[SignIn, Nothing]) -> web.Response:
        """Exchange a password for a token; the browser is remembered by a cookie that opens nothing."""
        device = ask.request.cookies.get(DEVICE_COOKIE)
        signed = await self._access.sign_in(
            ask.body.name,
            ask.body.password,
            source=ask.source,
            device=device if device is not None and device.isascii() else None,
        )
        who = signed.identity
        answer = SignedInAnswer(
            token=signed.token,
            expires_at=signed.expires_at,
            name=who.name,
            roles=_words(who.roles),
            scopes=_words(who.scopes),
            must_change_password=signed.must_change_password,
        )
        response = web.Response(text=answer.model_dump_json(), content_type="application/json", charset="utf-8")
        response.set_cookie(
            DEVICE_COOKIE,
            signed.device,
            max_age=DEVICE_COOKIE_S,
            path="/api/v1/sign-in",
            httponly=True,
            samesite="Strict",
            secure=ask.request.secure,
        )
        return response

    async def sign_out(self, ask: Ask[Nothing, Nothing]) -> None:
        """End this token."""
        await self._access.sign_out(ask.by)

    async def me(self, ask: Ask[Nothing, Nothing]) -> Me:
        """Who asks."""
        who = ask.by
        return Me(name=who.name, display_name=who.display_name, roles=_words(who.roles), scopes=_words(who.scopes))

    async def change_password(self, ask: Ask[PasswordChange, Nothing]) -> None:
        """One's own."""
        try:
            await self._access.change_password(ask.by, old=ask.body.old, new=ask.body.new)
        except SignInRefused as refused:
            if refused.again_after_s:
                raise
            raise BadRequest("原密码不对", fields=[FieldProblem("old", "不对")]) from refused  # the token is good

    async def tokens(self, ask: Ask[Nothing, Nothing]) -> list[TokenView]:
        """One's own."""
        return [
            TokenView(
                id=each.id,
                kind=each.kind.value,
                label=each.label,
                scopes=_words(each.scopes),
                created_at=each.created_at,
                expires_at=each.expires_at,
                revoked_at=each.revoked_at,
            )
            for each in await self._access.tokens_of(ask.by)
        ]

    async def new_token(self, ask: Ask[NewToken, Nothing]) -> TokenMade:
        """A key for a program."""
        until = self._clock.now() + timedelta(days=ask.body.days or self._token_days)
        text, token = await self._access.create_token(
            ask.by, label=ask.body.label, scopes=frozenset(ask.body.scopes), expires_at=until
        )
        return TokenMade(id=token.id, token=text, expires_at=token.expires_at)

    async def revoke(self, ask: Ask[Nothing, Nothing]) -> None:
        """Take a token away."""
        await self._access.revoke_token(ask.by, ask.path["token"])

    async def users(self, ask: Ask[Nothing, Nothing]) -> list[UserView]:
        """Everybody."""
        return [
            UserView(name=each.name, display_name=each.display_name, roles=_words(each.roles), active=each.active)
            for each in await self._users.users(ask.by)
        ]

    async def new_user(self, ask: Ask[NewUser, Nothing]) -> UserMade:
        """A member of the staff."""
        body = ask.body
        password = await self._users.create_user(
            ask.by, name=body.name, display_name=body.display_name, roles=frozenset(body.roles)
        )
        return UserMade(name=body.name, password=password)

    async def give_roles(self, ask: Ask[RoleChange, Nothing]) -> None:
        """Change what somebody may do."""
        roles = frozenset(ask.body.roles)
        await self._users.give_roles(ask.by, ask.path["name"], roles, reason=ask.body.reason)

    async def dismiss(self, ask: Ask[Reason, Nothing]) -> None:
        """Somebody has left."""
        await self._users.dismiss(ask.by, ask.path["name"], reason=ask.body.reason)

    async def reset_password(self, ask: Ask[Nothing, Nothing]) -> UserMade:
        """A new random one for somebody who forgot theirs."""
        name = ask.path["name"]
        return UserMade(name=name, password=await self._users.reset_password(ask.by, name))


def _words(values: frozenset[Role] | frozenset[Scope]) -> list[str]:
    return sorted(value.value for value in values)
