"""What the roles open."""

import pytest

from access.errors import NotAllowed
from access.identity import Identity
from access.roles import SCOPES, Role, Scope, scopes_of

pytestmark = pytest.mark.unit


def test_every_role_is_described() -> None:
    assert set(SCOPES) == set(Role)


def test_several_roles_open_all_their_doors() -> None:
    both = scopes_of([Role.AUDITOR, Role.CALLBACK])
    assert {Scope.AUDIT_READ, Scope.CALLBACKS_WORK} <= both
    assert Scope.USERS_MANAGE not in both
    assert scopes_of([]) == frozenset()


def test_a_machine_never_sees_a_plain_number_and_only_the_manager_manages_users() -> None:
    assert Scope.PHONES_REVEAL not in SCOPES[Role.BOT]
    assert [role for role in Role if Scope.USERS_MANAGE in SCOPES[role]] == [Role.MANAGER]


def test_a_missing_scope_is_named() -> None:
    identity = Identity("u", "li", "李", frozenset({Role.AGENT}), frozenset({Scope.CASES_READ}), "t")
    identity.require(Scope.CASES_READ)
    with pytest.raises(NotAllowed, match="users:manage"):
        identity.require(Scope.USERS_MANAGE)
