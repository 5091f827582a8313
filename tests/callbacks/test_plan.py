"""The decision table of domain rules §3.1, row by row."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from callbacks.contact_caps import ContactAttempt, ContactHistory, Exemption, SurveyState
from callbacks.plan import TABLE, CallbackPlan, CallbackRules, plan_callback
from callbacks.windows import CallbackCalendar, Channel
from cases.case_states import CaseState
from cases.facts import CaseFacts, PersonFacts
from cases.master_data import CaseType, Source, Urgency

pytestmark = pytest.mark.unit

MORNING = datetime(2026, 11, 24, 1, 5, tzinfo=UTC)  # Tuesday 09:05
HELP = CaseFacts(
    number="RX20261124-0031",
    version=1,
    state=CaseState.CALLBACK_DUE,
    case_type=CaseType.HELP,
    source=Source.PHONE,
    urgency=Urgency.P2,
    checked_at=MORNING,
)
NOTHING = ContactHistory()


def plan(case: CaseFacts, history: ContactHistory = NOTHING, now: datetime = MORNING) -> CallbackPlan:
    return plan_callback(case, history, CallbackRules(), CallbackCalendar(), now)


def row(found: CallbackPlan) -> tuple[int, Channel, int]:
    return found.rule_number, found.channel, found.priority


def local(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+08:00").astimezone(UTC)


def test_the_rows_stand_in_the_order_of_the_written_table() -> None:
    numbers = [rule.number for rule in TABLE]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, 17))


@pytest.mark.parametrize("case_type", [CaseType.CONSULT, CaseType.PRAISE])
def test_row_01_consultation_and_praise_are_not_called_back(case_type: CaseType) -> None:
    assert row(plan(replace(HELP, case_type=case_type))) == (1, Channel.NONE, 9)


def test_row_01_a_consultation_rated_bad_at_the_end_of_the_call_is_asked_by_a_person_today() -> None:
    found = plan(replace(HELP, case_type=CaseType.CONSULT, closing_rating="不满意"))
    assert row(found) == (1, Channel.HUMAN, 1)
    assert found.not_before == MORNING


@pytest.mark.parametrize(
    "case",
    [
        replace(HELP, case_type=CaseType.OTHER),
        replace(HELP, state=CaseState.VOID),
        replace(HELP, has_phone=False, has_mobile=False),
        replace(HELP, person=PersonFacts(refuses_callbacks=True)),
    ],
    ids=["other", "void", "no phone", "refuses"],
)
def test_row_02_invalid_void_anonymous_and_refusing_are_not_called_back(case: CaseFacts) -> None:
    assert row(plan(case)) == (2, Channel.NONE, 9)


def test_row_02_whoever_said_never_again_is_not_called_back() -> None:
    assert row(plan(HELP, ContactHistory(refuses_callbacks=True))) == (2, Channel.NONE, 9)


@pytest.mark.parametrize(
    "case",
    [
        replace(HELP, case_type=CaseType.EMERGENCY),
        replace(HELP, urgency=Urgency.P0),
        replace(HELP, urgency=Urgency.P1),
        replace(HELP, case_type=CaseType.SUGGEST, urgency=Urgency.P1),
    ],
    ids=["emergency", "P0", "P1", "P1 of any type"],
)
def test_row_03_emergencies_and_urgent_cases_are_asked_by_a_person_first(case: CaseFacts) -> None:
    assert row(plan(case)) == (3, Channel.HUMAN, 1)


def test_row_03_safety_is_exempt_from_the_caps_but_mere_urgency_is_not() -> None:
    assert plan(replace(HELP, urgency=Urgency.P0)).exemption is Exemption.SAFETY
    assert plan(replace(HELP, urgency=Urgency.P1)).exemption is None


def test_row_04_a_report_is_asked_by_a_person() -> None:
    assert row(plan(replace(HELP, case_type=CaseType.REPORT))) == (4, Channel.HUMAN, 1)


def test_row_05_a_complaint_is_asked_by_a_person() -> None:
    assert row(plan(replace(HELP, case_type=CaseType.COMPLAINT))) == (5, Channel.HUMAN, 1)


def test_row_06_a_duplicate_is_asked_by_a_person() -> None:
    assert row(plan(replace(HELP, is_duplicate=True))) == (6, Channel.HUMAN, 1)


def test_row_07_a_key_item_of_the_daily_report_is_asked_by_a_person() -> None:
    assert row(plan(replace(HELP, is_key_item=True))) == (7, Channel.HUMAN, 1)


@pytest.mark.parametrize("survey", [SurveyState.DISSATISFIED, SurveyState.UNCLEAR])
def test_row_08_a_dissatisfied_or_doubtful_sms_is_asked_by_a_person(survey: SurveyState) -> None:
    assert row(plan(HELP, ContactHistory(survey=survey))) == (8, Channel.HUMAN, 1)


def test_row_08_an_alert_answered_dissatisfied_is_asked_by_a_person() -> None:
    assert row(plan(replace(HELP, sms_dissatisfied=True))) == (8, Channel.HUMAN, 1)


def test_row_08_the_cap_of_24_hours_does_not_hold_for_the_dissatisfied() -> None:
    touched = ContactAttempt(MORNING - timedelta(hours=1), Channel.SMS, reached=True)
    found = plan(HELP, ContactHistory(attempts=(touched,), survey=SurveyState.DISSATISFIED))
    assert found.not_before == MORNING


def test_row_09_a_forwarded_case_is_asked_by_a_person_before_the_senders_deadline() -> None:
    limit = MORNING + timedelta(hours=1)
    found = plan(replace(HELP, source=Source.CITY_HOTLINE, is_forwarded=True, forward_due_at=limit))
    assert row(found) == (9, Channel.HUMAN, 2)
    assert found.due == limit


@pytest.mark.parametrize("mark", ["was_returned", "was_supervised", "in_dispute", "needs_person"])
def test_row_10_what_was_done_again_supervised_or_disputed_is_asked_by_a_person(mark: str) -> None:
    assert row(plan(replace(HELP, **{mark: True}))) == (10, Channel.HUMAN, 1)


def test_row_11_what_an_ai_call_could_not_settle_is_asked_by_a_person_today() -> None:
    touched = ContactAttempt(MORNING, Channel.AI_VOICE, reached=True)
    found = plan(HELP, ContactHistory(attempts=(touched,), ai_handed_over=True))
    assert row(found) == (11, Channel.HUMAN, 1)
    assert found.not_before == MORNING


@pytest.mark.parametrize("mark", ["is_elderly", "is_hard_of_hearing", "speaks_dialect", "refuses_bots"])
def test_row_12_the_old_the_hard_of_hearing_dialect_and_no_ai_are_asked_by_a_person(mark: str) -> None:
    assert row(plan(replace(HELP, person=PersonFacts(**{mark: True})))) == (12, Channel.HUMAN, 3)


def test_row_12_the_list_of_those_whom_no_machine_calls_holds_too() -> None:
    assert row(plan(HELP, ContactHistory(no_ai=True))) == (12, Channel.HUMAN, 3)


def test_row_13_help_with_a_mobile_is_asked_by_sms() -> None:
    assert row(plan(HELP)) == (13, Channel.SMS, 4)


def test_row_13_an_unanswered_sms_is_followed_by_an_ai_call_the_next_day() -> None:
    delivered = local("2026-11-24T15:00")
    history = ContactHistory(
        attempts=(ContactAttempt(delivered, Channel.SMS, reached=True),),
        survey=SurveyState.UNANSWERED,
        survey_delivered_at=delivered,
    )
    found = plan(HELP, history, now=local("2026-11-25T09:00"))
    assert row(found) == (13, Channel.AI_VOICE, 4)
    assert found.not_before == local("2026-11-25T15:00")  # 24 hours after the contact, inside a window


def test_row_13_a_second_case_of_a_number_with_an_open_survey_is_asked_by_voice() -> None:
    assert row(plan(HELP, ContactHistory(other_survey_open=True))) == (13, Channel.AI_VOICE, 4)


def test_row_14_help_with_a_fixed_line_is_asked_by_an_ai_call() -> None:
    assert row(plan(replace(HELP, has_mobile=False))) == (14, Channel.AI_VOICE, 4)


def test_row_14_a_failed_sms_is_followed_by_an_ai_call() -> None:
    assert row(plan(HELP, ContactHistory(survey=SurveyState.FAILED))) == (14, Channel.AI_VOICE, 4)


def test_row_14_two_unanswered_ai_calls_are_followed_by_a_person() -> None:
    once = ContactHistory(ai_unanswered=1)
    twice = ContactHistory(ai_unanswered=2)
    fixed = replace(HELP, has_mobile=False)
    assert plan(fixed, once).channel is Channel.AI_VOICE
    assert row(plan(fixed, twice)) == (14, Channel.HUMAN, 4)


def test_row_15_who_opted_out_of_sms_is_asked_by_a_person_not_by_a_machine() -> None:
    assert row(plan(HELP, ContactHistory(survey_opted_out=True))) == (15, Channel.HUMAN, 4)
    fixed = replace(HELP, has_mobile=False)
    assert row(plan(fixed, ContactHistory(survey_opted_out=True))) == (15, Channel.HUMAN, 4)


def test_row_16_a_suggestion_is_told_by_sms_what_became_of_it() -> None:
    assert row(plan(replace(HELP, case_type=CaseType.SUGGEST))) == (16, Channel.SMS_NOTICE, 5)


def test_an_earlier_row_wins_over_a_later_one() -> None:
    both = replace(HELP, case_type=CaseType.COMPLAINT, is_duplicate=True, is_forwarded=True)
    assert plan(both).rule_number == 5


def test_a_case_of_no_known_type_goes_to_a_person() -> None:
    assert row(plan(replace(HELP, case_type=None))) == (0, Channel.HUMAN, 1)


def test_a_check_passed_in_the_evening_is_due_the_next_day_at_the_last_closing() -> None:
    evening = local("2026-11-24T18:00")
    found = plan(replace(HELP, checked_at=evening), now=evening)
    assert found.not_before == local("2026-11-25T09:00")
    assert found.due == local("2026-11-25T16:00")


def test_a_check_passed_in_the_morning_is_due_the_same_day() -> None:
    assert plan(HELP).due == local("2026-11-24T16:00")


def test_a_check_passed_after_half_past_three_is_due_in_the_next_window() -> None:
    late = local("2026-11-24T15:40")
    found = plan(replace(HELP, checked_at=late), now=late)
    assert found.not_before == late
    assert found.due == local("2026-11-25T16:00")


def test_an_approved_deferral_moves_the_callback() -> None:
    found = plan(HELP, ContactHistory(deferred_to=local("2026-11-26T09:00")))
    assert found.not_before == local("2026-11-26T09:00")


def test_a_reason_tells_why_the_caps_put_it_off() -> None:
    touched = ContactAttempt(MORNING - timedelta(hours=1), Channel.SMS, reached=True)
    found = plan(HELP, ContactHistory(attempts=(touched,)))
    assert found.not_before == local("2026-11-25T09:00")
    assert "24 小时内已触达" in found.reason


def test_an_institutions_contact_is_exempt_from_the_caps() -> None:
    touched = ContactAttempt(MORNING - timedelta(hours=1), Channel.SMS, reached=True)
    case = replace(HELP, person=PersonFacts(is_institution=True))
    assert plan(case, ContactHistory(attempts=(touched,))).not_before == MORNING
