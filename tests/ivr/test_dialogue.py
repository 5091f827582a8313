"""The dialogue engine and the words of the AI callback, §3.7: pure, turn by turn."""

import pytest

from ivr.dialogue import (
    FLOWS_FOLDER,
    UNHEARD,
    Dialogue,
    Input,
    InputKind,
    Leave,
    Listen,
    Say,
    Step,
    begin,
    load_dialogue,
    parse_dialogue,
    step,
)
from ivr.prompts import read_texts
from vocabulary.errors import ConfigurationRefused

pytestmark = pytest.mark.unit

CALLBACK = load_dialogue(FLOWS_FOLDER / "callback.toml")

SMALL = """
start = "ASK"
[anywhere]
not_understood = "END"
silent = "END"
[states.ASK]
say = ["x.ask"]
again = ["x.again"]
listen = "RATING"
keys = { 1 = "satisfied" }
on.satisfied = { to = "END", facts = { rating = "满意" } }
[states.END]
ends = "over"
"""


def answer(intent: str, words: str = "") -> Input:
    return Input(InputKind.ANSWER, intent, words)


def words(text: str) -> Input:
    return Input(InputKind.WORDS, words=text)


SILENCE, DEAF = Input(InputKind.SILENCE), Input(InputKind.DEAF)


class Talk:
    """A conversation with the callback's dialogue."""

    def __init__(self, dialogue: Dialogue = CALLBACK) -> None:
        self.dialogue = dialogue
        self.now: Step = begin(dialogue)

    def hears(self, *turns: Input) -> "Talk":
        for turn in turns:
            self.now = step(self.dialogue, self.now.position, turn)
        return self

    @property
    def state(self) -> str:
        return self.now.position.state

    @property
    def facts(self) -> dict[str, str]:
        return dict(self.now.position.facts)

    @property
    def said(self) -> list[str]:
        return [prompt for action in self.now.actions if isinstance(action, Say) for prompt in action.prompts]

    @property
    def outcome(self) -> str | None:
        last = self.now.actions[-1]
        return last.outcome if isinstance(last, Leave) else None


YES, SOLVED, UNSOLVED = answer("yes"), answer("resolved"), answer("not_resolved")
SATISFIED, NO = answer("satisfied"), answer("no")


def test_the_machine_names_itself_and_the_matter_before_it_asks_anything() -> None:
    talk = Talk()
    assert talk.said[0] == "callback.greet"
    assert talk.said.index("{matter}") < talk.said.index("callback.confirm")
    greeting = read_texts()["callback.greet"]
    for needed in ("智能语音助手", "录音", "挂断", "九六五五六"):
        assert needed in greeting


def test_solved_and_satisfied_is_thanked() -> None:
    talk = Talk().hears(YES, SOLVED, SATISFIED, NO)
    assert talk.outcome == "answered"
    assert talk.facts == {"person": "confirmed", "resolved": "yes", "rating": "满意"}
    assert talk.said == ["callback.thanks"]


def test_who_is_not_helped_is_asked_why_in_free_words_and_still_rates() -> None:
    talk = Talk().hears(YES, UNSOLVED)
    listening = talk.now.actions[-1]
    assert isinstance(listening, Listen)
    assert listening.free
    talk.hears(words("师傅来过一次还是不热"), answer("dissatisfied"), NO)
    assert talk.outcome == "answered"
    assert talk.facts["reason"] == "师傅来过一次还是不热"
    assert (talk.facts["resolved"], talk.facts["rating"]) == ("no", "不满意")


def test_a_new_demand_is_taken_down_in_the_users_words() -> None:
    talk = Talk().hears(YES, SOLVED, SATISFIED, YES, words("楼道里的阀门也漏水"))
    assert (talk.outcome, talk.facts["new_demand"]) == ("answered", "楼道里的阀门也漏水")


@pytest.mark.parametrize(
    ("state", "keys"),
    [
        ("ASK_RESOLVED", {"1": "resolved", "2": "not_resolved", "0": "human"}),
        ("RATING", {"1": "satisfied", "2": "basic_satisfied", "3": "dissatisfied", "0": "human"}),
    ],
)
def test_keys_are_the_second_way(state: str, keys: dict[str, str]) -> None:
    assert CALLBACK.states[state].keys == keys


def test_two_answers_that_are_not_understood_lead_to_a_person() -> None:
    talk = Talk().hears(YES, words("嗯啊那个"))
    assert talk.said == ["callback.ask_resolved_keys"]
    talk.hears(words("呃呃"))
    assert (talk.outcome, talk.facts["why"]) == ("person", "NOT_UNDERSTOOD")


def test_misunderstandings_are_counted_over_the_whole_call() -> None:
    talk = Talk().hears(YES, words("嗯啊那个"), SOLVED, words("呃呃"))
    assert (talk.outcome, talk.facts["why"]) == ("person", "NOT_UNDERSTOOD")


def test_say_it_again_is_repeated_slowly_and_not_counted() -> None:
    talk = Talk().hears(YES, words("听不清,再说一遍"), words("你说什么"))
    assert talk.now.actions[0] == Say(("callback.ask_resolved",), slowly=True)
    talk.hears(words("嗯啊那个"))
    assert talk.outcome is None


def test_asking_again_for_ever_counts_in_the_end() -> None:
    talk = Talk().hears(YES, *[words("再说一遍")] * 5)
    assert talk.outcome == "person"


def test_six_seconds_of_silence_are_asked_once_more_and_then_leave_without_a_rating() -> None:
    talk = Talk().hears(YES)
    listening = talk.now.actions[-1]
    assert isinstance(listening, Listen)
    assert listening.silence_s == 6.0
    talk.hears(SILENCE)
    assert talk.outcome is None
    talk.hears(SILENCE)
    assert (talk.outcome, talk.facts["why"]) == ("person", "SILENT")
    assert "rating" not in talk.facts


def test_silence_on_one_question_does_not_count_on_the_next() -> None:
    assert Talk().hears(YES, SILENCE, SOLVED, SILENCE).outcome is None


def test_while_nothing_can_be_heard_free_speech_is_left_to_the_recording_and_keys_go_on() -> None:
    talk = Talk().hears(YES, UNSOLVED, DEAF)
    assert (talk.state, talk.facts["reason"]) == ("RATING", UNHEARD)
    assert talk.hears(answer("dissatisfied"), YES).state == "SAY_DEMAND"
    assert talk.hears(DEAF).outcome == "answered"
    assert (talk.facts["rating"], talk.facts["new_demand"]) == ("不满意", UNHEARD)


def test_while_nothing_can_be_heard_a_question_for_keys_is_asked_once_more_and_then_left_to_a_person() -> None:
    talk = Talk().hears(YES, DEAF)
    assert (talk.state, talk.said) == ("ASK_RESOLVED", ["callback.ask_resolved_keys"])
    assert talk.hears(DEAF).outcome == "person"


@pytest.mark.parametrize("turns", [[], [YES], [YES, SOLVED], [YES, UNSOLVED]], ids=["confirm", "solved", "rate", "why"])
@pytest.mark.parametrize(
    ("heard", "outcome", "why"),
    [
        (words("我要人工"), "person", "WANTS_PERSON"),
        (words("你们都是骗子"), "person", "DISTRESSED"),
        (words("你打错了吧"), "person", "WRONG_PERSON"),
        (words("别再打了"), "refused", None),
        (Input(InputKind.DANGER, words="家里漏气"), "danger", None),
    ],
    ids=["person", "abuse", "wrong", "never", "danger"],
)
def test_ways_out_hold_in_every_question(turns: list[Input], heard: Input, outcome: str, why: str | None) -> None:
    talk = Talk().hears(*turns, heard)
    assert (talk.outcome, talk.facts.get("why")) == (outcome, why)


def test_whoever_is_busy_is_asked_when_and_rung_then() -> None:
    talk = Talk().hears(answer("busy", "我在开车"))
    assert talk.said == ["callback.appointment"]
    talk.hears(words("下午吧"))
    assert (talk.outcome, talk.facts["appointment"]) == ("appointment", "afternoon")


def test_half_of_the_day_named_elsewhere_is_no_appointment() -> None:
    assert Talk().hears(YES, answer("resolved", "上午修好了")).state == "RATING"


def test_a_machine_that_answers_is_a_voicemail() -> None:
    assert Talk().hears(words("您拨打的用户暂时无法接听")).outcome == "voicemail"


def test_a_danger_that_is_over_is_remembered_whatever_follows() -> None:
    talk = Talk().hears(YES, Input(InputKind.ANSWER, "resolved", "漏气修好了", mended="漏气"), SATISFIED, NO)
    assert talk.facts["verify"] == "漏气"


def test_every_prompt_of_the_callback_has_its_text() -> None:
    assert CALLBACK.prompts <= set(read_texts())


def test_the_callback_never_asks_for_cards_codes_or_money() -> None:
    texts = " ".join(text for key, text in read_texts().items() if key.startswith("callback."))
    for forbidden in ("身份证", "银行卡", "验证码", "缴费"):
        assert forbidden not in texts


@pytest.mark.parametrize(
    ("wrong", "right", "mistake"),
    [
        ('start = "NOWHERE"', 'start = "ASK"', "leads to NOWHERE"),
        ('silent = "GONE"', 'silent = "END"', "leads to GONE"),
        ('keys = { 1 = "busy" }', 'keys = { 1 = "satisfied" }', "key 1 means busy"),
        ('listen = "SINGING"', 'listen = "RATING"', "SINGING"),
        ("on.delighted = ", "on.satisfied = ", "delighted is no intent"),
        ("", 'again = ["x.again"]', "second chance"),
        ("", 'silent = "END"', "lacks silent"),
        ("", 'ends = "over"', "neither asks, goes on nor ends"),
    ],
)
def test_a_dialogue_that_contradicts_itself_is_refused_by_name(wrong: str, right: str, mistake: str) -> None:
    with pytest.raises(ConfigurationRefused) as refused:
        parse_dialogue(SMALL.replace(right, wrong), "small")
    assert any(mistake in each for each in refused.value.mistakes)


def test_a_state_that_nothing_leads_to_is_named() -> None:
    with pytest.raises(ConfigurationRefused, match="LOST is never reached"):
        parse_dialogue(SMALL + '[states.LOST]\nends = "lost"\n', "small")


def test_statements_in_a_circle_are_named() -> None:
    circle = SMALL.replace('ends = "over"', 'then = "ROUND"') + '[states.ROUND]\nthen = "END"\n'
    with pytest.raises(ConfigurationRefused, match="talks in a circle"):
        parse_dialogue(circle, "small")


def test_the_small_dialogue_itself_is_right() -> None:
    talk = Talk(parse_dialogue(SMALL, "small")).hears(SATISFIED)
    assert (talk.outcome, talk.facts) == ("over", {"rating": "满意"})


def test_what_the_classifier_understood_is_not_overruled_by_a_doubtful_word() -> None:
    assert Talk().hears(YES, answer("resolved", "喂,修好了")).state == "RATING"


@pytest.mark.parametrize(
    ("turns", "heard", "state"), [([], "你说吧", "ASK_RESOLVED"), ([YES, SOLVED], "还行", "NEW_DEMAND")]
)
def test_a_doubtful_word_helps_where_the_classifier_is_unsure(turns: list[Input], heard: str, state: str) -> None:
    assert Talk().hears(*turns, words(heard)).state == state


def test_no_doubtful_word_ever_means_satisfied_or_resolved() -> None:
    facts = [
        branch.facts
        for state in CALLBACK.states.values()
        for intent, branch in state.on.items()
        if intent in CALLBACK.doubtful_words
    ]
    assert all(each.get("rating") != "满意" and each.get("resolved") != "yes" for each in facts)


def test_a_bare_hello_is_asked_again_without_being_counted() -> None:
    talk = Talk().hears(words("喂"))
    assert (talk.state, talk.now.position.misunderstood) == ("CONFIRM_PERSON", 0)


@pytest.mark.parametrize(("turns", "good"), [([YES], "resolved"), ([YES, SOLVED], "satisfied")])
def test_a_good_answer_whose_beginning_was_not_heard_is_asked_again_uncounted(turns: list[Input], good: str) -> None:
    talk = Talk().hears(*turns)
    question = talk.state
    talk.hears(Input(InputKind.ANSWER, good, "修好了", clipped=True))
    assert (talk.state, talk.now.position.misunderstood) == (question, 0)
    assert talk.hears(answer(good)).state != question


def test_a_bad_answer_counts_even_without_its_beginning() -> None:
    assert Talk().hears(YES, Input(InputKind.ANSWER, "not_resolved", "没修好", clipped=True)).state == "ASK_REASON"
