"""In which of their posts somebody acts: named in the request, or the only one they have."""

from access.identity import Identity
from access.roles import Role as Post
from cases.master_data import Role
from console.errors import BadRequest, FieldProblem, NotAllowed

_UNIT_POSTS = frozenset({Post.UNIT_DISPATCH, Post.UNIT_STAFF})


def acting_role(by: Identity, wanted: Role | None) -> Role:
    """The role of one act.

    Args:
        by: who acts.
        wanted: as the request names it; None is allowed for whoever holds one role only.
    Raises:
        NotAllowed: the role is not theirs, or they have none.
        BadRequest: they hold several and named none.
    """
    own = {Role(role.value) for role in by.roles}
    if wanted is not None:
        if wanted not in own:
            raise NotAllowed(f"您没有 {wanted.value}({wanted.label})这个岗位")
        return wanted
    if not own:
        raise NotAllowed("您没有任何岗位")
    if len(own) > 1:
        names = "、".join(sorted(role.value for role in own))
        raise BadRequest("请指明以哪个岗位办理", fields=[FieldProblem("role", f"您兼任 {names}")])
    return own.pop()


def sees_as_unit(by: Identity) -> bool:
    """Whether somebody reads only as a responsible unit: no callback channel, time or rating before the archive
    (domain rules §2.2, invariant ⑦)."""
    return bool(by.roles) and by.roles <= _UNIT_POSTS
