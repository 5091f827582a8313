"""Sign-in, tokens, users and reveals over both databases."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from access.credentials import Passwords, TokenHasher
from access.errors import NotAllowed, RevealRefused, SignInRefused, TokenRefused, UserExists, UserUnknown
from access.identity import Identity
from access.reveals import RevealServices
from access.roles import Role, Scope
from access.services import AccessServices
from access.user_services import SeedAccount, UserServices
from store.audit import verify
from store.database import Database
from store.tables.access import token_table, user_table
from store.tables.audit import audit_entries
from store.tables.event_outbox import event_outbox
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.store

HERE = "10.0.0.5"


@dataclass
class Desk:
    access: AccessServices
    people: UserServices
    reveals: RevealServices
    passwords: dict[str, str]

    async def sign_in(self, name: str) -> tuple[str, Identity]:
        signed_in = await self.access.sign_in(name, self.passwords[name], source=HERE)
        return signed_in.token, signed_in.identity


@pytest.fixture
async def desk(uow_factory: UnitOfWorkFactory, clock: FakeClock) -> AsyncIterator[Desk]:
    passwords = Passwords(memory_kib=64, rounds=1)
    access = AccessServices(uow_factory, clock=clock, passwords=passwords, tokens=TokenHasher(b"t" * 32))
    people = UserServices(uow_factory, clock=clock, passwords=passwords, sign_ins=access)
    made = await people.seed(
        [
            SeedAccount("chief", "主任", frozenset({Role.MANAGER})),
            SeedAccount("li", "李", frozenset({Role.AGENT})),
        ]
    )
    yield Desk(access, people, RevealServices(uow_factory, clock=clock), made)


async def _audit(database: Database) -> list[tuple[str, str]]:
    async with AsyncSession(database.reading) as session:
        assert await verify(session) is None
        rows = await session.execute(select(audit_entries.c.actor, audit_entries.c.action).order_by("number"))
        return [(row.actor, row.action) for row in rows]


async def test_accounts_of_the_first_start_are_made_once(desk: Desk) -> None:
    again = await desk.people.seed([SeedAccount("li", "李", frozenset({Role.MANAGER}))])
    assert again == {}
    _, li = await desk.sign_in("li")
    assert li.roles == {Role.AGENT}


async def test_a_password_becomes_a_token_that_opens_the_roles_doors(desk: Desk, database: Database) -> None:
    token, _ = await desk.sign_in("li")
    identity = await desk.access.authenticate(token)
    assert identity.name == "li"
    assert identity.may(Scope.CASES_WRITE) and not identity.may(Scope.USERS_MANAGE)
    assert ("li", "sign-in") in await _audit(database)


async def test_neither_password_nor_token_stands_in_the_database(desk: Desk, database: Database) -> None:
    token, _ = await desk.sign_in("li")
    async with database.reading.connect() as connection:
        kept = [str(row) for table in (user_table, token_table) for row in await connection.execute(select(table))]
    assert all(token[30:] not in row and desk.passwords["li"] not in row for row in kept)


async def test_known_and_unknown_names_are_refused_in_the_same_words(desk: Desk) -> None:
    said = set()
    for name in ("li", "nobody", "不 是", ""):
        with pytest.raises(SignInRefused) as refused:
            await desk.access.sign_in(name, "wrong password", source=HERE)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_too_many_attempts_wait_and_the_right_password_elsewhere_works(desk: Desk, clock: FakeClock) -> None:
    first = await desk.access.sign_in("li", desk.passwords["li"], source=HERE)
    for _ in range(10):
        with pytest.raises(SignInRefused, match="wrong"):
            await desk.access.sign_in("li", "wrong password", source="203.0.113.7")
    with pytest.raises(SignInRefused, match="too many") as refused:
        await desk.access.sign_in("li", desk.passwords["li"], source="203.0.113.7")
    assert refused.value.again_after_s > 0
    await desk.access.sign_in("li", desk.passwords["li"], source=HERE)
    await desk.access.sign_in("li", desk.passwords["li"], source="198.51.100.1", device=first.device)
    clock.advance(refused.value.again_after_s + 1)
    await desk.access.sign_in("li", desk.passwords["li"], source="203.0.113.7")


async def test_a_token_ends_by_itself_by_sign_out_and_with_its_users_leaving(desk: Desk, clock: FakeClock) -> None:
    token, li = await desk.sign_in("li")
    await desk.access.sign_out(li)
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(token)
    token, _ = await desk.sign_in("li")
    _, chief = await desk.sign_in("chief")
    await desk.access.authenticate(token)
    await desk.people.dismiss(chief, "li", reason="离职")
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(token)
    with pytest.raises(SignInRefused):
        await desk.sign_in("li")
    token, _ = await desk.sign_in("chief")
    clock.advance(16 * 3600)
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(token)


async def test_another_processs_revocation_is_seen_within_a_second(
    desk: Desk, clock: FakeClock, uow_factory: UnitOfWorkFactory
) -> None:
    token, li = await desk.sign_in("li")
    await desk.access.authenticate(token)
    async with uow_factory() as uow:
        (await uow.tokens.get(li.token_id)).revoked_at = clock.now()
        await uow.commit()
    clock.advance(1.1)
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(token)


@pytest.mark.parametrize("text", ["", "nx_", "nx_" + "0" * 26 + "_" + "x" * 43, "Bearer"])
async def test_other_texts_open_nothing(desk: Desk, text: str) -> None:
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(text)


async def test_a_right_token_with_a_changed_secret_opens_nothing_even_while_remembered(desk: Desk) -> None:
    token, _ = await desk.sign_in("li")
    await desk.access.authenticate(token)
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(token[:-1] + ("a" if token[-1] != "a" else "b"))


async def test_a_programs_key_holds_no_more_than_its_maker(desk: Desk, clock: FakeClock) -> None:
    _, li = await desk.sign_in("li")
    tomorrow = clock.now() + timedelta(days=1)
    with pytest.raises(NotAllowed):
        await desk.access.create_token(li, label="x", scopes=frozenset({Scope.USERS_MANAGE}), expires_at=tomorrow)
    key, kept = await desk.access.create_token(
        li, label="wallboard", scopes=frozenset({Scope.CASES_READ}), expires_at=tomorrow
    )
    assert (await desk.access.authenticate(key)).scopes == {Scope.CASES_READ}
    _, chief = await desk.sign_in("chief")
    await desk.people.give_roles(chief, "li", frozenset({Role.BOT}), reason="调岗")
    assert (await desk.access.authenticate(key)).roles == {Role.BOT}
    assert kept.id in {token.id for token in await desk.access.tokens_of(li)}


async def test_nobody_revokes_a_strangers_token(desk: Desk) -> None:
    _, chief = await desk.sign_in("chief")
    token, li = await desk.sign_in("li")
    with pytest.raises(TokenRefused):
        await desk.access.revoke_token(li, chief.token_id)
    await desk.access.revoke_token(chief, li.token_id)
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(token)


async def test_a_new_password_ends_every_sign_in_and_the_old_password(desk: Desk, database: Database) -> None:
    token, li = await desk.sign_in("li")
    with pytest.raises(SignInRefused):
        await desk.access.change_password(li, old="not the old one", new="a new long one")
    await desk.access.change_password(li, old=desk.passwords["li"], new="a new long one")
    with pytest.raises(TokenRefused):
        await desk.access.authenticate(token)
    with pytest.raises(SignInRefused):
        await desk.sign_in("li")
    await desk.access.sign_in("li", "a new long one", source=HERE)
    async with database.reading.connect() as connection:
        assert "access.revoked" in set(await connection.scalars(select(event_outbox.c.topic)))


async def test_a_password_set_by_somebody_else_must_be_changed(desk: Desk) -> None:
    _, chief = await desk.sign_in("chief")
    password = await desk.people.reset_password(chief, "LI ")
    signed_in = await desk.access.sign_in("li", password, source=HERE)
    assert signed_in.must_change_password


async def test_only_those_who_manage_users_do(desk: Desk) -> None:
    _, li = await desk.sign_in("li")
    for act in (
        desk.people.create_user(li, name="new", display_name="新", roles=frozenset()),
        desk.people.give_roles(li, "li", frozenset({Role.MANAGER}), reason=""),
        desk.people.dismiss(li, "chief", reason=""),
        desk.people.reset_password(li, "chief"),
        desk.people.users(li),
    ):
        with pytest.raises(NotAllowed):
            await act


async def test_a_new_user_signs_in_and_a_taken_name_is_refused(desk: Desk) -> None:
    _, chief = await desk.sign_in("chief")
    password = await desk.people.create_user(chief, name="Wang.Wu", display_name="王五", roles=frozenset({Role.RESCUE}))
    await desk.access.sign_in("wang.wu", password, source=HERE)
    with pytest.raises(UserExists):
        await desk.people.create_user(chief, name="wang.wu", display_name="", roles=frozenset())
    with pytest.raises(UserUnknown):
        await desk.people.dismiss(chief, "nobody", reason="")
    assert [user.name for user in await desk.people.users(chief)] == ["chief", "li", "wang.wu"]


NUMBER = PhoneNumber("+8613800001234")


async def test_a_plain_number_needs_a_reason_and_leaves_an_entry(desk: Desk, database: Database) -> None:
    _, li = await desk.sign_in("li")
    with pytest.raises(RevealRefused, match="reason"):
        await desk.reveals.phone(li, NUMBER, subject="case RX20261124-0031", reason=" ")
    assert await desk.reveals.phone(li, NUMBER, subject="case RX20261124-0031", reason="回拨") == "13800001234"
    assert (await _audit(database))[-1] == ("li", "phone.reveal")
    async with database.reading.connect() as connection:
        entries = [str(row) for row in await connection.execute(select(audit_entries))]
    assert not any("13800001234" in entry for entry in entries)


async def test_looks_in_a_row_are_stopped_and_told(desk: Desk, database: Database, clock: FakeClock) -> None:
    _, li = await desk.sign_in("li")
    for _ in range(20):
        await desk.reveals.phone(li, NUMBER, subject="case", reason="回拨")
    with pytest.raises(RevealRefused, match="in a row"):
        await desk.reveals.phone(li, NUMBER, subject="case", reason="回拨")
    async with database.reading.connect() as connection:
        assert "alert" in set(await connection.scalars(select(event_outbox.c.topic)))
    clock.advance(601)
    await desk.reveals.phone(li, NUMBER, subject="case", reason="回拨")


async def test_who_may_not_see_numbers_does_not(desk: Desk) -> None:
    _, chief = await desk.sign_in("chief")
    await desk.people.give_roles(chief, "li", frozenset({Role.AUDITOR}), reason="调岗")
    _, li = await desk.sign_in("li")
    with pytest.raises(NotAllowed):
        await desk.reveals.phone(li, NUMBER, subject="case", reason="看看")
