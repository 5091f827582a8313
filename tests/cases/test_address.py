"""Addresses come to one written form however they are said (domain rules §11)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.address import Address, normalised, number_of, parse_address

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("spoken", "written"),
    [
        ("三单元五零二", "3单元502"),
        ("十二号楼二单元一百零三室", "12号楼2单元103室"),
        ("延吉路十二号", "延吉路12号"),
        ("浮山后四小区七号楼", "浮山后四小区7号楼"),
        ("延安三路二十号", "延安三路20号"),
        ("3单元 502", "3单元502"),
        ("两单元幺零幺", "2单元101"),
        ("五栋六零一户", "5栋601户"),
        ("", ""),
    ],
)
def test_house_unit_and_door_become_digits_and_names_stay(spoken: str, written: str) -> None:
    assert normalised(spoken) == written


@pytest.mark.parametrize(
    ("spoken", "digits"), [("五零二", "502"), ("十二", "12"), ("二十", "20"), ("一百零三", "103"), ("一千二百", "1200")]
)
def test_numerals(spoken: str, digits: str) -> None:
    assert number_of(spoken) == digits


@pytest.mark.parametrize(
    ("said", "district"),
    [
        ("四方区嘉定路", "市北"),
        ("青岛市胶南人民路", "黄岛"),
        ("开发区长江路", "黄岛"),
        ("红岛街道", "城阳"),
        ("市南区", "市南"),
        ("我家住四方嘉定路五号院", "市北"),
    ],
)
def test_old_names_are_todays_districts(said: str, district: str) -> None:
    assert parse_address(said).district == district


def test_two_ways_of_saying_one_door_have_one_key() -> None:
    one = parse_address("市北区浮山后四小区七号楼三单元五零二")
    other = parse_address("浮山后四小区7号楼3单元502室")
    assert one.door_key == other.door_key != ""
    assert (one.community, one.building, one.unit, one.door) == ("浮山后四小区", "7", "3", "502")


def test_neighbours_share_the_community_but_not_the_door() -> None:
    one, other = parse_address("浮山后四小区7号楼3单元502"), parse_address("浮山后四小区8号楼1单元101")
    assert one.community_key == other.community_key
    assert one.door_key != other.door_key


def test_what_was_not_said_stays_empty() -> None:
    assert parse_address("") == Address()
    assert parse_address("延吉路12号").door_key == ""


@given(st.text(alphabet="一二十百零〇两幺号楼栋单元室户路区延安小123 ,", max_size=30) | st.text(max_size=30))
def test_any_text_is_taken_apart_without_a_failure(text: str) -> None:
    address = parse_address(text)
    assert address.text == normalised(text)
    assert address.door_key == "" or address.door in address.text
