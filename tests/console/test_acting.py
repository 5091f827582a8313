"""In which post somebody acts."""

import pytest

from access.identity import Identity
from access.roles import Role as Post
from access.roles import scopes_of
from cases.master_data import Role
from console.acting import acting_role, sees_as_unit
from console.errors import BadRequest, NotAllowed

pytestmark = pytest.mark.unit


def who(*posts: Post) -> Identity:
    return Identity("u", "li", "李", frozenset(posts), scopes_of(posts), "t")


def test_the_only_post_needs_no_name() -> None:
    assert acting_role(who(Post.AGENT), None) is Role.AGENT


def test_one_of_several_must_be_named() -> None:
    both = who(Post.AGENT, Post.SORTER)
    assert acting_role(both, Role.SORTER) is Role.SORTER
    with pytest.raises(BadRequest) as refused:
        acting_role(both, None)
    assert refused.value.fields[0].problem == "您兼任 AGENT、SORTER"


def test_nobody_acts_in_another_persons_post_nor_without_any() -> None:
    for wanted in (Role.MANAGER, Role.SYSTEM):
        with pytest.raises(NotAllowed):
            acting_role(who(Post.AGENT), wanted)
    with pytest.raises(NotAllowed):
        acting_role(who(), None)


@pytest.mark.parametrize("post", list(Post))
def test_every_post_is_a_role_of_cases(post: Post) -> None:
    assert acting_role(who(post), None).value == post.value


def test_only_whoever_has_nothing_but_unit_posts_sees_as_a_unit() -> None:
    assert sees_as_unit(who(Post.UNIT_DISPATCH, Post.UNIT_STAFF))
    assert not sees_as_unit(who(Post.UNIT_DISPATCH, Post.INSPECTOR))
    assert not sees_as_unit(who())
