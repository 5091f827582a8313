"""Rows of callbacks, contacts and locks on both databases, and two units competing for one person."""

import asyncio
from datetime import date, timedelta

import pytest

from callbacks.answer import CallbackAnswer, ContactRecord, Wish, WishKind
from callbacks.callback import Callback, CallbackState, Move
from callbacks.contact_caps import SurveyState
from callbacks.contact_lock import LEASE
from callbacks.errors import CallbackNotFound, ContactLocked
from callbacks.plan import CallbackPlan
from callbacks.windows import Channel
from cases.commands import CallbackVerdict
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.clock import MORNING, FakeClock
from vocabulary.errors import ConcurrentChange
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneKeyer, PhoneNumber

pytestmark = pytest.mark.store

PHONE = PhoneNumber.parse("13800001234")


def a_callback(clock: FakeClock, keyer: PhoneKeyer, channel: Channel = Channel.SMS, priority: int = 4) -> Callback:
    callback = Callback(
        id=new_id(clock),
        case_number="RX20261124-0031",
        phone=PHONE,
        phone_key=keyer.key(PHONE),
        matter="室温低",
        reported_on=date(2026, 11, 20),
        checked_at=MORNING,
        created_at=MORNING,
    )
    plan = CallbackPlan(channel, priority, MORNING, MORNING + timedelta(hours=7), 13, "求助件")
    callback.take_plan(plan, MORNING)
    return callback


@pytest.fixture
async def stored(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> Callback:
    callback = a_callback(clock, phone_keyer)
    async with uow_factory() as uow:
        uow.callbacks.add(callback)
        await uow.commit()
    return callback


async def test_a_callback_comes_back_as_it_was_written(uow_factory: UnitOfWorkFactory, stored: Callback) -> None:
    async with uow_factory() as uow:
        found = await uow.callbacks.get(stored.id)
    for name in (
        "case_number",
        "phone",
        "phone_key",
        "matter",
        "reported_on",
        "state",
        "channel",
        "not_before",
        "due_at",
    ):
        assert getattr(found, name) == getattr(stored, name), name


async def test_an_unknown_callback_is_said_to_be_unknown(uow_factory: UnitOfWorkFactory) -> None:
    async with uow_factory() as uow:
        with pytest.raises(CallbackNotFound):
            await uow.callbacks.get("01J00000000000000000000000")


async def test_what_is_due_comes_by_priority_and_only_when_its_time_has_come(
    uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer
) -> None:
    first, second, later = (a_callback(clock, phone_keyer, Channel.HUMAN, priority) for priority in (1, 3, 1))
    later.not_before = MORNING + timedelta(hours=1)
    async with uow_factory() as uow:
        for each in (second, later, first):
            uow.callbacks.add(each)
        await uow.commit()
    async with uow_factory() as uow:
        due = await uow.callbacks.due(Channel.HUMAN, MORNING, 10)
    assert [each.id for each in due] == [first.id, second.id]


async def test_two_units_cannot_both_change_one_callback(uow_factory: UnitOfWorkFactory, stored: Callback) -> None:
    async with uow_factory() as uow:
        stale = await uow.callbacks.get(stored.id)
    async with uow_factory() as uow:
        (await uow.callbacks.get(stored.id)).lease(Move.CLAIM, "a", MORNING, MORNING + LEASE)
        await uow.commit()
    with pytest.raises(ConcurrentChange):
        async with uow_factory() as uow:
            uow.session.add(stale)
            stale.lease(Move.CLAIM, "b", MORNING, MORNING + LEASE)
            await uow.commit()


async def test_an_open_survey_of_the_same_number_is_seen_by_others(
    uow_factory: UnitOfWorkFactory, stored: Callback, phone_keyer: PhoneKeyer
) -> None:
    key = phone_keyer.key(PHONE)
    async with uow_factory() as uow:
        callback = await uow.callbacks.get(stored.id)
        callback.send("sms-1", "0031", MORNING, MORNING + timedelta(days=1))
        await uow.commit()
    async with uow_factory() as uow:
        assert await uow.callbacks.has_open_survey(key, besides="other")
        assert not await uow.callbacks.has_open_survey(key, besides=stored.id)
        assert await uow.callbacks.extensions_since(key, MORNING - timedelta(days=30)) == {"0031"}
        newest = await uow.callbacks.newest_survey(key, MORNING - timedelta(hours=72))
    assert newest is not None
    assert newest.survey is SurveyState.OPEN


async def test_answers_attempts_and_wishes_are_kept(
    uow_factory: UnitOfWorkFactory, stored: Callback, clock: FakeClock, phone_keyer: PhoneKeyer
) -> None:
    key = phone_keyer.key(PHONE)
    answer = CallbackAnswer(
        id=new_id(clock),
        callback_id=stored.id,
        case_number=stored.case_number,
        channel=Channel.SMS,
        at=MORNING,
        by="sms",
        verdict=CallbackVerdict.NEEDS_PERSON,
        rating="不满意",
        words="3 还是凉的",
    )
    record = ContactRecord(
        id=new_id(clock),
        callback_id=stored.id,
        case_number=stored.case_number,
        phone_key=key,
        at=MORNING,
        channel=Channel.SMS,
        reached=True,
        by="sms",
        result="短信已送达",
    )
    wish = Wish(phone_key=key, kind=WishKind.NO_AI, words="别用机器人", at=MORNING, by="bot")
    async with uow_factory() as uow:
        await uow.contacts.add_answer(answer)
        await uow.contacts.add(record)
        await uow.contacts.add_wish(wish)
        await uow.contacts.add_wish(wish)
        await uow.commit()
    async with uow_factory() as uow:
        assert await uow.contacts.answer(answer.id) == answer
        (attempt,) = await uow.contacts.attempts(key, MORNING - timedelta(days=7))
        assert (attempt.channel, attempt.reached, attempt.at) == (Channel.SMS, True, MORNING)
        assert await uow.contacts.wishes(key) == {WishKind.NO_AI}
        await uow.contacts.take_back_wish(key, WishKind.NO_AI)
        await uow.commit()
    async with uow_factory() as uow:
        assert await uow.contacts.wishes(key) == frozenset()


class TestContactLock:
    KEY = "a" * 64

    async def test_who_comes_second_is_told_who_was_first(self, uow_factory: UnitOfWorkFactory) -> None:
        async with uow_factory() as uow:
            await uow.contact_locks.take(self.KEY, Channel.AI_VOICE, "server-1", "c1", MORNING, MORNING + LEASE)
            await uow.commit()
        async with uow_factory() as uow:
            with pytest.raises(ContactLocked) as refused:
                await uow.contact_locks.take(self.KEY, Channel.HUMAN, "0007", "c2", MORNING, MORNING + LEASE)
        assert (refused.value.channel, refused.value.holder) == ("ai_voice", "server-1")

    async def test_of_two_units_at_once_exactly_one_gets_it(self, uow_factory: UnitOfWorkFactory) -> None:
        async def grab(holder: str) -> bool:
            async with uow_factory() as uow:
                try:
                    await uow.contact_locks.take(self.KEY, Channel.HUMAN, holder, "c", MORNING, MORNING + LEASE)
                except ContactLocked:
                    return False
                await uow.commit()
                return True

        results = await asyncio.gather(*(grab(f"staff-{number}") for number in range(6)))
        assert results.count(True) == 1

    async def test_an_expired_lock_is_free_and_its_number_grows(self, uow_factory: UnitOfWorkFactory) -> None:
        later = MORNING + LEASE
        async with uow_factory() as uow:
            first = await uow.contact_locks.take(self.KEY, Channel.AI_VOICE, "s1", "c1", MORNING, later)
            await uow.commit()
        async with uow_factory() as uow:
            second = await uow.contact_locks.take(self.KEY, Channel.HUMAN, "0007", "c2", later, later + LEASE)
            await uow.commit()
        assert second.fence == first.fence + 1
        async with uow_factory() as uow:
            assert not await uow.contact_locks.renew(first, later + LEASE)

    async def test_renewing_holds_it_longer_and_releasing_frees_it(self, uow_factory: UnitOfWorkFactory) -> None:
        async with uow_factory() as uow:
            lock = await uow.contact_locks.take(self.KEY, Channel.AI_VOICE, "s1", "c1", MORNING, MORNING + LEASE)
            assert await uow.contact_locks.renew(lock, MORNING + 2 * LEASE)
            await uow.commit()
        late = MORNING + LEASE + timedelta(minutes=1)
        async with uow_factory() as uow:
            held = await uow.contact_locks.of(self.KEY, late)
            assert held is not None
            await uow.contact_locks.release(lock, late)
            await uow.commit()
        async with uow_factory() as uow:
            assert await uow.contact_locks.of(self.KEY, late) is None

    async def test_the_same_holder_may_take_it_again(self, uow_factory: UnitOfWorkFactory) -> None:
        async with uow_factory() as uow:
            await uow.contact_locks.take(self.KEY, Channel.HUMAN, "0007", "c1", MORNING, MORNING + LEASE)
            again = await uow.contact_locks.take(self.KEY, Channel.HUMAN, "0007", "c1", MORNING, MORNING + 2 * LEASE)
        assert again.expires_at == MORNING + 2 * LEASE


async def test_a_callback_of_a_vanished_holder_is_found_by_its_lease(
    uow_factory: UnitOfWorkFactory, stored: Callback
) -> None:
    async with uow_factory() as uow:
        (await uow.callbacks.get(stored.id)).lease(Move.DIAL, "dead", MORNING, MORNING + LEASE)
        await uow.commit()
    async with uow_factory() as uow:
        assert await uow.callbacks.leases_over(MORNING, 10) == []
        (lapsed,) = await uow.callbacks.leases_over(MORNING + LEASE, 10)
    assert (lapsed.id, lapsed.state) == (stored.id, CallbackState.DIALLING)
