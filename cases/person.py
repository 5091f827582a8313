"""Persons the hotline knows, by number, and reporters, whose identity stands apart (domain rules §8)."""

from dataclasses import dataclass
from datetime import datetime

from cases.facts import PersonFacts
from vocabulary.phone_number import PhoneNumber

ELDERLY_YEARS = 70
"""From this age a person, not a bot, calls back (domain rules §3.1 row 12)."""


@dataclass(eq=False)
class Person:
    """Somebody who called or wrote, known by a number.

    Attributes:
        person_id: ULID.
        phone: stored encrypted; phone_key: its keyed hash, unique.
        name, address: as last given.
        household_no: 户号, "" if unknown.
        birth_year: None if unknown.
        is_elderly: marked by an agent, where no birth year is known.
    """

    person_id: str
    phone: PhoneNumber
    phone_key: str
    created_at: datetime
    name: str = ""
    address: str = ""
    household_no: str = ""
    birth_year: int | None = None
    is_elderly: bool = False
    is_hard_of_hearing: bool = False
    speaks_dialect: bool = False
    refuses_bots: bool = False
    refuses_callbacks: bool = False
    is_institution: bool = False

    def learn(self, *, name: str = "", address: str = "", household_no: str = "") -> None:
        """Keep what was given this time; nothing is overwritten by emptiness."""
        self.name = name or self.name
        self.address = address or self.address
        self.household_no = household_no or self.household_no

    def facts(self, now: datetime) -> PersonFacts:
        """The marks that decide who may call back."""
        old = self.birth_year is not None and now.year - self.birth_year >= ELDERLY_YEARS
        return PersonFacts(
            is_elderly=old or self.is_elderly,
            is_hard_of_hearing=self.is_hard_of_hearing,
            speaks_dialect=self.speaks_dialect,
            refuses_bots=self.refuses_bots,
            refuses_callbacks=self.refuses_callbacks,
            is_institution=self.is_institution,
        )


@dataclass(eq=False)
class Reporter:
    """Who reported, kept apart from the case: name and number encrypted, shown to those who ask back, each time noted.

    Attributes:
        case_number: the report.
        phone: None for an anonymous report.
    """

    case_number: str
    phone: PhoneNumber | None
    phone_key: str | None
    name: str
    address: str
    created_at: datetime
    person_id: str | None = None
