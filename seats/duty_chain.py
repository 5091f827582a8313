"""The duty chain (值班链): who is rung, in which order, when no seat takes a gas-leak call (domain spec §10.1)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from telephony.ports import NumberTarget, ShortCodeTarget, Target
from vocabulary.errors import InvalidPhoneNumber
from vocabulary.phone_number import PhoneNumber

RING_S = 20.0
"""Domain spec §10.1: 各 20 s, 循环不止."""


@dataclass(frozen=True, slots=True)
class DutyPerson:
    """One link of the chain.

    Attributes:
        role: e.g. 班长, 抢修调度, 负责人, 分公司.
        digits: what is dialled through the trunk.
    """

    role: str
    digits: str

    @property
    def target(self) -> Target:
        """How to ring this person: a telephone number, or a number of the plan."""
        try:
            return NumberTarget(PhoneNumber.parse(self.digits))
        except InvalidPhoneNumber:
            return ShortCodeTarget(self.digits)


@dataclass(frozen=True, slots=True)
class DutyRing:
    """Ring this person now.

    Attributes:
        number: counts all rings of this call from 1.
        round_number: which time the whole chain is gone through, from 1.
        ring_s: how long to ring.
    """

    person: DutyPerson
    number: int
    round_number: int
    ring_s: float


def rings(chain: Sequence[DutyPerson], *, ring_s: float = RING_S) -> Iterator[DutyRing]:
    """In order, each for the same time, from the beginning again without end; nothing if the chain is empty."""
    number = 0
    round_number = 0
    while chain:
        round_number += 1
        for person in chain:
            number += 1
            yield DutyRing(person, number, round_number, ring_s)
