"""How often one person may be turned to, domain rules §3.3."""

from datetime import UTC, datetime, timedelta

import pytest

from callbacks.contact_caps import ContactAttempt, ContactCaps, ContactHistory, Exemption
from callbacks.windows import Channel

pytestmark = pytest.mark.unit

NOW = datetime(2026, 11, 24, 1, 5, tzinfo=UTC)
CAPS = ContactCaps()


def history(*attempts: ContactAttempt) -> ContactHistory:
    return ContactHistory(attempts=attempts)


def touched(hours_ago: float, exemption: Exemption | None = None) -> ContactAttempt:
    return ContactAttempt(NOW - timedelta(hours=hours_ago), Channel.SMS, reached=True, exemption=exemption)


def unanswered(minutes_ago: float) -> ContactAttempt:
    return ContactAttempt(NOW - timedelta(minutes=minutes_ago), Channel.AI_VOICE, reached=False)


def test_a_person_who_was_never_contacted_may_be() -> None:
    assert CAPS.judge(history(), NOW, None).allowed


def test_a_second_contact_waits_until_24_hours_after_the_first() -> None:
    verdict = CAPS.judge(history(touched(5)), NOW, None)
    assert not verdict.allowed
    assert verdict.not_before == NOW + timedelta(hours=19)


def test_a_fourth_contact_waits_until_seven_days_after_the_first() -> None:
    verdict = CAPS.judge(history(touched(150), touched(100), touched(30)), NOW, None)
    assert verdict.not_before == NOW - timedelta(hours=150) + timedelta(days=7)
    assert "7 日内" in verdict.reason


def test_answers_to_the_users_own_calls_are_no_contacts() -> None:
    assert CAPS.judge(history(touched(1, Exemption.USER_BEGAN)), NOW, None).allowed


def test_an_undelivered_sms_is_no_contact() -> None:
    failed = ContactAttempt(NOW - timedelta(hours=1), Channel.SMS, reached=False)
    assert CAPS.judge(history(failed, failed, failed), NOW, None).allowed


@pytest.mark.parametrize("exemption", [Exemption.ESCALATED, Exemption.INSTITUTION, Exemption.USER_BEGAN])
def test_exempt_contacts_do_not_wait(exemption: Exemption) -> None:
    assert CAPS.judge(history(touched(1), touched(40), touched(80)), NOW, exemption).allowed


def test_a_telephone_rings_in_vain_at_most_twice_a_day_even_for_the_dissatisfied() -> None:
    verdict = CAPS.judge(history(unanswered(60), unanswered(10)), NOW, Exemption.ESCALATED)
    assert not verdict.allowed
    assert verdict.not_before == datetime(2026, 11, 24, 16, 0, tzinfo=UTC)  # midnight in Shanghai


def test_one_unanswered_call_may_be_repeated_the_same_day() -> None:
    assert CAPS.judge(history(unanswered(60)), NOW, None).allowed


def test_nothing_holds_back_what_concerns_safety() -> None:
    assert CAPS.judge(history(touched(1), unanswered(5), unanswered(3), unanswered(1)), NOW, Exemption.SAFETY).allowed
