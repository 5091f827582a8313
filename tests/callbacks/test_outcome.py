"""What answers mean: SMS replies, changes of mind, late ones, and the end of AI calls (§3.6, §3.7)."""

from datetime import UTC, datetime, timedelta

import pytest

from callbacks.outcome import AiAction, AnswerSoFar, ReplyAction, decide_ai, decide_reply
from sms.replies import ReplyKind

pytestmark = pytest.mark.unit

SENT = datetime(2026, 11, 24, 2, 5, tzinfo=UTC)
OPEN = AnswerSoFar(sent_at=SENT, finished=False)
RATED = AnswerSoFar(sent_at=SENT, finished=True, rating="满意", rated_at=SENT + timedelta(minutes=15))


def after(minutes: float) -> datetime:
    return SENT + timedelta(minutes=minutes)


@pytest.mark.parametrize(("kind", "rating"), [(ReplyKind.SATISFIED, "满意"), (ReplyKind.BASIC, "一般")])
def test_satisfied_and_fair_finish_the_callback(kind: ReplyKind, rating: str) -> None:
    decision = decide_reply(kind, OPEN, after(15))
    assert (decision.action, decision.rating) == (ReplyAction.FINISH, rating)


def test_dissatisfied_goes_to_a_person() -> None:
    assert decide_reply(ReplyKind.DISSATISFIED, OPEN, after(15)).action is ReplyAction.TO_PERSON


@pytest.mark.parametrize("kind", [ReplyKind.FREE, ReplyKind.CONFLICT, ReplyKind.UNCLEAR])
def test_what_is_not_plain_is_never_guessed(kind: ReplyKind) -> None:
    decision = decide_reply(kind, OPEN, after(15))
    assert (decision.action, decision.rating) == (ReplyAction.TO_PERSON, "")


@pytest.mark.parametrize(
    ("kind", "action"),
    [
        (ReplyKind.EMERGENCY, ReplyAction.RESCUE),
        (ReplyKind.VERIFY, ReplyAction.VERIFY),
        (ReplyKind.OPT_OUT, ReplyAction.OPT_OUT),
    ],
)
@pytest.mark.parametrize("so_far", [OPEN, RATED])
def test_danger_and_opting_out_are_heard_at_any_time(kind: ReplyKind, action: ReplyAction, so_far: AnswerSoFar) -> None:
    assert decide_reply(kind, so_far, after(60 * 24 * 10)).action is action


def test_a_reply_exactly_72_hours_later_still_counts() -> None:
    assert decide_reply(ReplyKind.SATISFIED, OPEN, after(72 * 60)).action is ReplyAction.FINISH


def test_a_later_satisfied_reply_is_only_recorded() -> None:
    assert decide_reply(ReplyKind.SATISFIED, OPEN, after(72 * 60 + 1)).action is ReplyAction.RECORD


def test_a_later_dissatisfied_reply_becomes_a_task_of_its_own() -> None:
    over = AnswerSoFar(sent_at=SENT, finished=True)
    assert decide_reply(ReplyKind.DISSATISFIED, over, after(73 * 60)).action is ReplyAction.LATE_TO_PERSON


def test_a_change_of_mind_within_ten_minutes_replaces_the_rating() -> None:
    decision = decide_reply(ReplyKind.BASIC, RATED, after(24))
    assert (decision.action, decision.rating) == (ReplyAction.CHANGE_RATING, "一般")


def test_a_change_of_mind_after_ten_minutes_leaves_the_first_rating() -> None:
    assert decide_reply(ReplyKind.BASIC, RATED, after(26)).action is ReplyAction.RECORD


@pytest.mark.parametrize("minutes", [20, 60])
def test_a_change_to_dissatisfied_always_goes_to_a_person(minutes: float) -> None:
    assert decide_reply(ReplyKind.DISSATISFIED, RATED, after(minutes)).action is ReplyAction.LATE_TO_PERSON


def test_the_same_rating_again_changes_nothing() -> None:
    assert decide_reply(ReplyKind.SATISFIED, RATED, after(16)).action is ReplyAction.RECORD


def test_solved_and_satisfied_by_voice_finishes() -> None:
    decision = decide_ai("answered", {"resolved": "yes", "rating": "满意"})
    assert (decision.action, decision.rating, decision.partial) == (AiAction.FINISH, "满意", False)


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ({"resolved": "no", "rating": "不满意"}, "未解决"),
        ({"resolved": "yes", "rating": "不满意"}, "不满意"),
        ({"resolved": "no", "rating": "满意"}, "矛盾"),
        ({"resolved": "yes", "rating": "满意", "new_demand": "还想测温"}, "新诉求"),
    ],
)
def test_everything_else_that_was_answered_goes_to_a_person(facts: dict[str, str], why: str) -> None:
    decision = decide_ai("answered", facts)
    assert decision.action is AiAction.TO_PERSON
    assert why in decision.reason


def test_a_call_that_was_cut_off_keeps_what_was_said_as_partial() -> None:
    decision = decide_ai("hung_up", {"resolved": "yes"})
    assert (decision.action, decision.partial) == (AiAction.TO_PERSON, True)


def test_hanging_up_after_both_answers_is_a_whole_answer() -> None:
    assert decide_ai("hung_up", {"resolved": "yes", "rating": "满意"}).action is AiAction.FINISH


@pytest.mark.parametrize(
    ("outcome", "facts", "action"),
    [
        ("danger", {"danger": "漏气"}, AiAction.RESCUE),
        ("answered", {"resolved": "yes", "rating": "满意", "verify": "漏气"}, AiAction.VERIFY),
        ("voicemail", {}, AiAction.NOT_REACHED),
        ("appointment", {"appointment": "morning"}, AiAction.APPOINTMENT),
        ("refused", {}, AiAction.REFUSED),
        ("person", {"why": "SILENT"}, AiAction.TO_PERSON),
    ],
)
def test_every_way_out_of_the_dialogue_has_its_consequence(
    outcome: str, facts: dict[str, str], action: AiAction
) -> None:
    assert decide_ai(outcome, facts).action is action


@pytest.mark.parametrize(
    ("why", "reason"),
    [
        ("WANTS_PERSON", "用户要求人工"),
        ("SILENT", "两次沉默"),
        ("WRONG_PERSON", "接听人不是本人"),
        ("", "AI 回访转人工"),
    ],
)
def test_people_read_why_a_machine_handed_over(why: str, reason: str) -> None:
    assert decide_ai("person", {"why": why}).reason == reason


def test_a_machine_that_got_no_further_than_not_solved_says_so() -> None:
    assert decide_ai("person", {"why": "SILENT", "resolved": "no"}).reason == "AI回访:未解决,两次沉默"
    assert decide_ai("hung_up", {"resolved": "no"}).reason == "AI回访:未解决,通话中途挂断"
