"""Safety words are found by their sound; what is denied or harmless is let go."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from asr.pinyin_match import find_safety, sound_distance, sounds, syllables

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("我家漏气了", "漏气"),
        ("我家樓器了", "漏气"),
        ("厨房有煤气味", "煤气味"),
        ("文道没氣味了,厨房里味道特别大", "煤气味"),
        ("然气味道很大", "煤气味"),
        ("灶台着火了", "着火"),
        ("煤气罐爆炸", "爆炸"),
        ("路上暖气爆管了", "爆管"),
        ("他好像中毒了", "中毒"),
        ("一氧化碳报警", "一氧化碳"),
        ("燃气报警器一直响", "报警器响"),
        ("施工队把燃气管道挖断了", "挖断"),
        ("是不是漏气了", "漏气"),
        ("闻到一股臭味", "煤气味"),
        ("表箱那里呲呲地响", "漏气"),
    ],
)
def test_a_danger_is_heard_even_as_a_homophone(text: str, word: str) -> None:
    found = find_safety(text)
    assert found is not None
    assert (found.word, found.mended) == (word, False)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "暖气不热",
        "没有漏气",
        "家里没漏气",
        "燃气灶打不着火，是不是停气了",
        "三号楼7单元502",
        "三号楼七单元",
        "再不解决我就找记者曝光",
        "暖气漏水了",
        "燃气费怎么交",
        "满意",
        "还没有解决",
        "工作人员泄露我的信息",
        "青岛能源九六五五六,通话录音,燃气漏气请按一",
        "线路繁忙,然气漏器請按一",
    ],
)
def test_what_is_denied_or_harmless_is_no_danger(text: str) -> None:
    assert find_safety(text) is None


@pytest.mark.parametrize("text", ["漏气修好了", "漏气已经处理好了，满意", "煤气味没有了，解决了"])
def test_a_danger_that_is_over_is_marked_so(text: str) -> None:
    found = find_safety(text)
    assert found is not None
    assert found.mended


@pytest.mark.parametrize("text", ["漏气还是没修好", "修好了又漏气了", "漏气还没有解决"])
def test_a_danger_that_came_back_is_not_over(text: str) -> None:
    found = find_safety(text)
    assert found is not None
    assert not found.mended


def test_accents_and_tones_make_no_difference() -> None:
    assert sound_distance("是不是", "四不四") == 0
    assert sound_distance("满意", "漫衣") == 0
    assert sound_distance("满意", "不满意") > 0.3
    assert syllables("着火3") == ["zao", "huo", "san"]


@given(st.text(max_size=60))
def test_any_text_can_be_asked(text: str) -> None:
    find_safety(text)
    assert len(sounds(text)) % 2 == 0
