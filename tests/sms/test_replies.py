"""What a user's reply means: safety first, then refusal, digits, words; never a guess in our favour."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sms.replies import ReplyKind, read_reply

pytestmark = pytest.mark.unit
LABELLED = Path(__file__).parents[2] / "data" / "replies" / "sms_replies.jsonl"


def test_the_labelled_replies_are_read_rightly_and_none_wrongly_as_satisfied() -> None:
    rows = [json.loads(line) for line in LABELLED.read_text("utf-8").splitlines()]
    wrong = [row for row in rows if read_reply(row["text"], row["matter"]).kind.value != row["expected"]]
    assert len(wrong) <= 0.08 * len(rows)
    assert not [row for row in wrong if read_reply(row["text"], row["matter"]).kind is ReplyKind.SATISFIED]
    assert not [row for row in wrong if row["expected"] == "EMERG"]


@pytest.mark.parametrize(
    ("text", "matter", "expected"),
    [
        ("１", "heat", ReplyKind.SATISFIED),
        ("2", "heat", ReplyKind.BASIC),
        ("三", "heat", ReplyKind.DISSATISFIED),
        ("1和3", "heat", ReplyKind.CONFLICT),
        ("满意3", "heat", ReplyKind.CONFLICT),
        ("非常不满意 1", "heat", ReplyKind.CONFLICT),
        ("1。3号楼还是不热", "heat", ReplyKind.CONFLICT),
        ("5分", "heat", ReplyKind.UNCLEAR),
        ("一点也不满意", "heat", ReplyKind.DISSATISFIED),
        ("没有满意", "heat", ReplyKind.DISSATISFIED),
        ("没啥不满意的", "heat", ReplyKind.SATISFIED),
        ("不是不满意", "heat", ReplyKind.FREE),
        ("满意？呵呵", "heat", ReplyKind.FREE),
        ("收到谢谢", "heat", ReplyKind.FREE),
        ("解决了一半", "heat", ReplyKind.CONFLICT),
        ("师傅很好但是屋里还是不热", "heat", ReplyKind.CONFLICT),
        ("不要再给我发短信了", "heat", ReplyKind.OPT_OUT),
        ("不退订，满意", "heat", ReplyKind.SATISFIED),
        ("还有味", "heat", ReplyKind.FREE),
        ("还有味", "gas", ReplyKind.EMERGENCY),
        ("1 满意，可是灶台还有味", "gas", ReplyKind.EMERGENCY),
        ("水管爆了", "heat", ReplyKind.EMERGENCY),
        ("漏气没修好", "gas", ReplyKind.EMERGENCY),
        ("今天闻着没味了，满意", "gas", ReplyKind.VERIFY),
        ("没有异味了，谢谢师傅", "gas", ReplyKind.VERIFY),
    ],
)
def test_a_reply_is_read_as(text: str, matter: str, expected: ReplyKind) -> None:
    assert read_reply(text, matter).kind is expected


@pytest.mark.parametrize(
    ("text", "matter", "expected"),
    [
        ("非常滿意，謝謝師傅", "heat", ReplyKind.SATISFIED),
        ("還是不熱", "heat", ReplyKind.DISSATISFIED),
        ("漏氣", "gas", ReplyKind.EMERGENCY),
        ("師傅很好，問題沒解決", "heat", ReplyKind.CONFLICT),
    ],
)
def test_traditional_characters_are_read_as_simplified_ones(text: str, matter: str, expected: ReplyKind) -> None:
    assert read_reply(text, matter).kind is expected


@pytest.mark.parametrize("text", ["没法满意", "很难满意", "解决不了问题", "没弄好", "满意不起来", "谁说修好了，没人来"])
def test_praise_under_a_negation_displeases(text: str) -> None:
    assert read_reply(text, "heat").kind is ReplyKind.DISSATISFIED


@pytest.mark.parametrize("text", ["等修好再评价", "修好了吗？", "说修好了，我还没看", "热了我就满意", "请尽快修好"])
def test_a_mending_wished_awaited_asked_or_only_reported_pleases_nobody(text: str) -> None:
    assert read_reply(text, "heat").kind is ReplyKind.FREE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("漏水修好了，满意", ReplyKind.SATISFIED),
        ("之前不热，现在热了", ReplyKind.SATISFIED),
        ("修好两天又坏了", ReplyKind.DISSATISFIED),
        ("客厅热了，卧室还是凉的", ReplyKind.CONFLICT),
        ("暖气漏水没人管", ReplyKind.DISSATISFIED),
    ],
)
def test_a_trouble_counts_by_how_it_stands_now(text: str, expected: ReplyKind) -> None:
    assert read_reply(text, "heat").kind is expected


@pytest.mark.parametrize(
    "text", ["修好了，有味", "不漏了又漏了", "换了软管漏气", "味没散", "漏气的问题没解决", "不怎么漏了"]
)
def test_a_danger_that_stands_after_a_mending_is_an_emergency(text: str) -> None:
    assert read_reply(text, "gas").kind is ReplyKind.EMERGENCY


@pytest.mark.parametrize("text", ["闻不到味了", "漏气处理得很及时，满意", "有味的问题解决了", "没有发现漏气"])
def test_a_danger_denied_or_named_as_mended_is_verified(text: str) -> None:
    assert read_reply(text, "gas").kind is ReplyKind.VERIFY


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12月3号来修的，修得很好", ReplyKind.SATISFIED),
        ("1 3", ReplyKind.CONFLICT),
        ("Ⅲ", ReplyKind.DISSATISFIED),
        ("1.5", ReplyKind.UNCLEAR),
        ("2，就是来晚了点", ReplyKind.BASIC),
        ("不要发票", ReplyKind.FREE),
        ("打不着火", ReplyKind.DISSATISFIED),
    ],
)
def test_figures_dates_and_lookalikes_are_told_apart(text: str, expected: ReplyKind) -> None:
    assert read_reply(text, "heat").kind is expected


@pytest.mark.parametrize(
    "text", ["满意度为零", "修好了个寂寞", "缺乏耐心", "早该解决了", "谈何满意", "什么叫满意", "好", "1?"]
)
def test_praise_lacking_mocked_or_merely_acknowledged_is_never_satisfaction(text: str) -> None:
    assert read_reply(text, "heat").kind is not ReplyKind.SATISFIED


@given(st.text(max_size=60), st.sampled_from(["漏气了", "着火了", "有煤气味", "一氧化碳中毒"]), st.text(max_size=20))
def test_a_danger_is_never_read_as_satisfied_whatever_stands_around_it(before: str, danger: str, after: str) -> None:
    assert read_reply(before + danger + after, "gas").kind in {ReplyKind.EMERGENCY, ReplyKind.VERIFY}


@given(st.text(max_size=200), st.sampled_from(["gas", "heat"]))
def test_every_text_has_a_reading_with_a_reason(text: str, matter: str) -> None:
    assert read_reply(text, matter).reason
