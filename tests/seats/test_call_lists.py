import pytest

from seats.call_lists import CallLists, ListEntryUnknown, LostLeakCaller, MissedCaller, RatingGiven
from seats.missed_calls import AlreadyHandled, MissedKind
from seats.rescue_desk import CallsBackUsedUp
from tests.fakes.clock import FakeClock
from tests.fakes.seats_store import SeatsStore
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

CALLER = PhoneNumber.parse("13800001234")


@pytest.fixture
def store() -> SeatsStore:
    return SeatsStore()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def lists(store: SeatsStore, clock: FakeClock) -> CallLists:
    return CallLists(store, clock)


async def test_a_missed_call_is_handled_once(lists: CallLists, store: SeatsStore) -> None:
    await lists.note(MissedCaller("call", MissedKind.ABANDONED, CALLER, 12.0))
    (missed_id,) = store.tables["missed_calls"]
    await lists.finish_missed(missed_id, by="8001", note="已回拨")
    with pytest.raises(AlreadyHandled):
        await lists.finish_missed(missed_id, by="8002")
    assert store.tables["missed_calls"][missed_id].handled_by == "8001"
    assert store.audits == [("8001", "missed_call.finish", "call call")]


async def test_an_entry_that_is_not_there_is_named(lists: CallLists) -> None:
    with pytest.raises(ListEntryUnknown):
        await lists.finish_missed("nothing", by="8001")
    with pytest.raises(ListEntryUnknown):
        await lists.call_back("nothing", by="8001")


async def test_handing_over_a_leak_caller_raises_an_alert_without_the_number(
    lists: CallLists, store: SeatsStore
) -> None:
    await lists.hand_over(LostLeakCaller("call", CALLER, "按键1", "rec", "RX1"))
    ((topic, payload),) = store.events
    assert topic == "alert"
    assert payload["kind"] == "leak_caller_lost"
    assert CALLER.e164[-8:] not in str(payload)


async def test_a_leak_caller_is_called_back_six_times_at_most_within_30_minutes(
    lists: CallLists, store: SeatsStore, clock: FakeClock
) -> None:
    for call in ("one", "two"):
        await lists.hand_over(LostLeakCaller(call, CALLER, "按键1", None, None))
    first, second = store.tables["rescue_calls"]
    for _ in range(6):
        await lists.call_back(first, by="desk")
    with pytest.raises(CallsBackUsedUp):
        await lists.call_back(first, by="desk")
    clock.advance(30 * 60 + 1)
    with pytest.raises(CallsBackUsedUp):
        await lists.call_back(second, by="desk")


async def test_who_was_reached_leaves_the_list(lists: CallLists, store: SeatsStore) -> None:
    await lists.hand_over(LostLeakCaller("call", CALLER, "按键1", None, None))
    (rescue_id,) = store.tables["rescue_calls"]
    closed = await lists.close_rescue(rescue_id, by="desk", note="已关阀", reached=True)
    assert (closed.state.value, closed.note) == ("reached", "已关阀")
    other = await lists.close_rescue(rescue_id, by="desk", note="未联系上", reached=False)
    assert other.state.value == "closed"


async def test_the_first_rating_of_a_call_stands(lists: CallLists, store: SeatsStore) -> None:
    await lists.given(RatingGiven("call", 2, "满意", 5, "001", None))
    await lists.given(RatingGiven("call", 5, "非常不满意", 5, "001", None))
    assert store.tables["ratings"]["call"].level == 2
