"""SMS surveys and their replies on both databases, §3.6 and rows 13 to 16 of §3.1."""

from datetime import timedelta

import pytest

from callbacks.answer import WishKind
from callbacks.callback import CallbackState
from callbacks.contact_caps import SurveyState
from callbacks.windows import Channel, WindowException
from cases.commands import CallbackVerdict
from cases.master_data import CaseType
from store.unit_of_work import UnitOfWorkFactory
from tests.fakes.callback_desk import CASE, Desk, local
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneKeyer

pytestmark = pytest.mark.store


@pytest.fixture
def desk(uow_factory: UnitOfWorkFactory, clock: FakeClock, phone_keyer: PhoneKeyer) -> Desk:
    return Desk(uow_factory, clock, phone_keyer)


async def test_a_due_survey_is_queued_in_the_same_transaction_as_its_state(desk: Desk) -> None:
    callback = await desk.due()
    assert await desk.services.surveys.send_due() == 1
    (sms,) = await desk.sms()
    sent = await desk.callback(callback.id)
    assert (sms.reference, sms.id, sms.extension) == (callback.id, sent.sms_id, "0031")
    assert sent.state is CallbackState.SENDING
    assert await desk.services.surveys.send_due() == 0


async def test_no_survey_leaves_outside_the_window(desk: Desk) -> None:
    desk.clock.set_to(local("2026-11-24T12:00"))
    await desk.due()
    assert await desk.services.surveys.send_due() == 0
    desk.clock.set_to(local("2026-11-24T14:30"))
    assert await desk.services.surveys.send_due() == 1


async def test_satisfied_archives_the_case(desk: Desk) -> None:
    callback = await desk.surveyed()
    desk.clock.advance(900)
    await desk.reply(callback, "1", "满意")
    await desk.deliver()
    done = await desk.callback(callback.id)
    assert (done.state, done.rating) == (CallbackState.DONE, "满意")
    (result,) = desk.cases.results
    assert (result.verdict, result.rating, result.sms_id) == (CallbackVerdict.SATISFIED, "满意", callback.sms_id)


async def test_fair_archives_too_and_is_kept_apart(desk: Desk) -> None:
    callback = await desk.surveyed()
    await desk.reply(callback, "2", "一般")
    await desk.deliver()
    assert (await desk.callback(callback.id)).rating == "一般"
    assert desk.cases.results[0].rating == "基本满意"


async def test_dissatisfied_goes_to_a_person_the_same_day_in_spite_of_the_24_hours(desk: Desk) -> None:
    callback = await desk.surveyed()
    await desk.reply(callback, "3 还是凉的", "不满意")
    await desk.deliver()
    task = await desk.callback(callback.id)
    assert (task.state, task.channel, task.rule_number, task.priority) == (
        CallbackState.WAITING,
        Channel.HUMAN,
        8,
        1,
    )
    assert task.not_before == desk.clock.now()
    (result,) = desk.cases.results
    assert (result.verdict, result.sms_dissatisfied) == (CallbackVerdict.NEEDS_PERSON, True)


async def test_dissatisfied_after_the_last_window_is_first_at_nine_next_morning(desk: Desk) -> None:
    callback = await desk.surveyed()
    desk.clock.set_to(local("2026-11-24T20:00"))
    await desk.reply(callback, "3", "不满意")
    assert (await desk.callback(callback.id)).not_before == local("2026-11-25T09:00")


@pytest.mark.parametrize(("text", "reading"), [("1不满意", "CONFLICT"), ("师傅没来", "FREE"), ("……", "UNCLEAR")])
async def test_what_is_not_plain_goes_to_a_person_with_its_words(desk: Desk, text: str, reading: str) -> None:
    callback = await desk.surveyed()
    payload = await desk.reply(callback, text, reading)
    task = await desk.callback(callback.id)
    assert (task.channel, task.rule_number, task.rating) == (Channel.HUMAN, 8, "")
    async with desk.uow_factory() as uow:
        answer = await uow.contacts.answer(payload["reply_id"])
    assert answer is not None
    assert answer.words == text


async def test_opting_out_leaves_a_person_to_ask_once_not_a_machine(desk: Desk) -> None:
    callback = await desk.surveyed()
    await desk.reply(callback, "TD", "OPT")
    task = await desk.callback(callback.id)
    assert (task.channel, task.rule_number) == (Channel.HUMAN, 15)
    async with desk.uow_factory() as uow:
        assert await uow.contacts.wishes(callback.phone_key) == {WishKind.NO_SURVEY}


async def test_a_danger_raises_the_alarm_and_calls_for_a_person_at_night(desk: Desk) -> None:
    callback = await desk.surveyed()
    desk.clock.set_to(local("2026-11-24T23:40"))
    await desk.reply(callback, "家里有煤气味", "EMERG")
    task = await desk.callback(callback.id)
    assert desk.alarm.raised == [f"{CASE} 家里有煤气味"]
    assert (task.channel, task.priority, task.not_before) == (Channel.HUMAN, 0, desk.clock.now())
    assert task.window_exception is WindowException.SAFETY_CHECK


async def test_a_danger_from_somebody_without_a_survey_raises_the_alarm_too(desk: Desk) -> None:
    payload = {"reply_id": "r", "sms_id": None, "reference": None, "text": "漏气了", "reading": "EMERG"}
    more = {"phone_key": "f" * 64, "received_at": desk.clock.now().isoformat()}
    await desk.services.on_event("sms.reply", {**payload, **more})
    assert desk.alarm.raised == [" 漏气了"]


async def test_a_danger_said_to_be_over_is_verified_within_ten_minutes(desk: Desk) -> None:
    callback = await desk.surveyed()
    await desk.reply(callback, "漏气修好了,满意", "VERIFY")
    task = await desk.callback(callback.id)
    assert (task.channel, task.due_at) == (Channel.HUMAN, desk.clock.now() + timedelta(minutes=10))
    assert desk.alarm.raised == []


async def test_the_same_reply_delivered_twice_counts_once(desk: Desk) -> None:
    callback = await desk.surveyed()
    payload = await desk.reply(callback, "1", "满意")
    await desk.services.on_event("sms.reply", payload)
    await desk.deliver()
    assert len(desk.cases.results) == 1


async def test_a_change_to_dissatisfied_after_archiving_is_a_task_of_its_own(desk: Desk) -> None:
    callback = await desk.surveyed()
    await desk.reply(callback, "1", "满意")
    desk.clock.advance(3600)
    await desk.reply(callback, "3", "不满意")
    await desk.deliver()
    first, second = await desk.all()
    assert (first.state, first.rating) == (CallbackState.DONE, "满意")
    assert (second.channel, second.late) == (Channel.HUMAN, True)
    assert [move.event.value for move in desk.cases.moves] == ["late_dissatisfied"]


async def test_an_unanswered_survey_goes_on_by_voice_the_next_day(desk: Desk) -> None:
    callback = await desk.surveyed()
    desk.clock.set_to(local("2026-11-24T23:00"))
    assert await desk.services.surveys.give_up_unanswered() == 0
    desk.clock.set_to(local("2026-11-25T09:00"))
    assert await desk.services.surveys.give_up_unanswered() == 1
    task = await desk.callback(callback.id)
    assert (task.channel, task.rule_number) == (Channel.AI_VOICE, 13)
    assert task.not_before == local("2026-11-25T09:05")  # 24 hours after the delivery


async def test_a_failed_survey_goes_on_by_voice_at_once(desk: Desk) -> None:
    callback = await desk.due()
    await desk.services.surveys.send_due()
    await desk.receipt(callback.id, "failed")
    task = await desk.callback(callback.id)
    assert (task.channel, task.rule_number, task.not_before) == (Channel.AI_VOICE, 14, desk.clock.now())


async def test_a_reply_before_the_ai_call_cancels_it(desk: Desk) -> None:
    callback = await desk.surveyed()
    desk.clock.set_to(local("2026-11-25T09:00"))
    await desk.services.surveys.give_up_unanswered()
    await desk.reply(callback, "1", "满意")
    desk.clock.set_to(local("2026-11-25T09:30"))
    assert await desk.services.ai.claim_due(5) == []
    assert (await desk.callback(callback.id)).state is CallbackState.DONE


async def test_a_number_has_one_open_survey_and_the_second_case_is_asked_by_voice(desk: Desk) -> None:
    await desk.due()
    await desk.due("RX20261124-0032")
    assert await desk.services.surveys.send_due() == 1
    assert {each.channel for each in await desk.all()} == {Channel.SMS, Channel.AI_VOICE}


async def test_a_suggestion_is_told_and_done(desk: Desk) -> None:
    callback = await desk.due(case_type=CaseType.SUGGEST)
    await desk.services.surveys.send_due()
    await desk.receipt(callback.id, "delivered")
    assert (await desk.callback(callback.id)).state is CallbackState.DONE
    await desk.deliver()
    (result,) = desk.cases.results
    assert (result.verdict, result.by, result.sms_id) == (CallbackVerdict.TOLD, "sms", result.sms_id)
    assert result.sms_id


@pytest.mark.parametrize("state", ["failed", "expired"])
async def test_a_suggestion_whose_message_does_not_arrive_is_told_by_a_person(desk: Desk, state: str) -> None:
    callback = await desk.due(case_type=CaseType.SUGGEST)
    await desk.services.surveys.send_due()
    if state == "failed":
        await desk.receipt(callback.id, "failed")
    else:
        desk.clock.set_to(local("2026-11-25T09:00"))
        await desk.services.surveys.give_up_unanswered()
    task = await desk.callback(callback.id)
    assert (task.state, task.channel, task.rule_number) == (CallbackState.WAITING, Channel.HUMAN, 16)


async def test_a_kind_word_after_a_bad_one_is_kept_and_a_person_asks_all_the_same(desk: Desk) -> None:
    callback = await desk.surveyed()
    await desk.reply(callback, "3 还是凉的", "不满意")
    await desk.reply(callback, "1", "满意")
    await desk.deliver()
    task = await desk.callback(callback.id)
    assert (task.state, task.channel) == (CallbackState.WAITING, Channel.HUMAN)
    assert task.reason.endswith("随后回复满意")
    assert [result.verdict for result in desk.cases.results] == [CallbackVerdict.NEEDS_PERSON]


async def test_a_reply_settles_what_a_person_was_only_asked_for_want_of_an_answer(desk: Desk) -> None:
    callback = await desk.surveyed()
    async with desk.uow_factory() as uow:
        waiting = await uow.callbacks.get(callback.id)
        waiting.ai_unanswered, waiting.survey = 2, SurveyState.UNANSWERED
        await desk.planner.plan(uow, waiting, await desk.cases.facts(CASE))
        await uow.commit()
    await desk.reply(callback, "1", "满意")
    assert (await desk.callback(callback.id)).state is CallbackState.DONE


async def test_a_receipt_that_comes_late_counts_once_towards_the_caps(desk: Desk) -> None:
    callback = await desk.due()
    await desk.services.surveys.send_due()
    desk.clock.set_to(local("2026-11-25T09:00"))
    await desk.services.surveys.give_up_unanswered()
    for _ in range(2):
        await desk.receipt(callback.id, "delivered")
    async with desk.uow_factory() as uow:
        attempts = await uow.contacts.attempts(callback.phone_key, local("2026-11-20T09:00"))
    assert [(attempt.channel, attempt.reached) for attempt in attempts] == [(Channel.SMS, True)]


async def test_an_answer_that_its_case_refuses_is_an_alert(desk: Desk) -> None:
    desk.cases.refusing = True
    callback = await desk.surveyed()
    await desk.reply(callback, "1", "满意")
    await desk.deliver()
    assert await desk.alerts() == ["callback.answer_refused"]
