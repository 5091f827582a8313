"""Numbers, width and script are one before anything is compared."""

import pytest

from asr.chinese_text import comparable, distance, number, simplified

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("spoken", "digits"),
    [
        ("五零二", "502"),
        ("一百零五", "105"),
        ("十六", "16"),
        ("二十三", "23"),
        ("幺三九", "139"),
        ("三万零二十", "30020"),
        ("两千", "2000"),
    ],
)
def test_numerals_become_digits(spoken: str, digits: str) -> None:
    assert number(spoken) == digits


def test_the_same_address_written_in_two_scripts_is_equal() -> None:
    assert comparable("三号楼二单元五零二户") == comparable("3號樓2單元502戶。") == "3号楼2单元502户"


def test_a_decimal_keeps_its_point_out_of_the_comparison_in_both_spellings() -> None:
    assert comparable("十六点五度") == comparable("16.5度")


def test_full_width_and_traditional_characters_become_plain_ones() -> None:
    assert simplified("　沒有煤氣味！ＯＫ ") == "没有煤气味!OK"


def test_distance_counts_changes() -> None:
    assert distance("没修好", "没有修好") == 1
    assert distance("", "ab") == 2
    assert distance(["a", "b"], ["a", "c"]) == 1
