from itertools import islice

import pytest

from seats.duty_chain import DutyPerson, rings
from telephony.ports import NumberTarget, ShortCodeTarget
from vocabulary.phone_number import PhoneNumber

pytestmark = pytest.mark.unit

CHAIN = (DutyPerson("班长", "13900000001"), DutyPerson("抢修调度", "6002"), DutyPerson("负责人", "13900000003"))


def test_the_chain_is_rung_in_order_20_s_each_and_begins_again_without_end() -> None:
    some = list(islice(rings(CHAIN), 7))
    assert [ring.person.role for ring in some] == ["班长", "抢修调度", "负责人"] * 2 + ["班长"]
    assert {ring.ring_s for ring in some} == {20.0}
    assert [ring.round_number for ring in some] == [1, 1, 1, 2, 2, 2, 3]
    assert [ring.number for ring in some] == list(range(1, 8))


def test_an_empty_chain_rings_nobody() -> None:
    assert list(rings(())) == []


def test_a_telephone_number_is_rung_as_one_and_anything_else_as_digits_of_the_plan() -> None:
    assert CHAIN[0].target == NumberTarget(PhoneNumber.parse("13900000001"))
    assert CHAIN[1].target == ShortCodeTarget("6002")
