"""What comes in: a demand as a command, checked once, and what became of it (domain rules §2.1 S1)."""

from dataclasses import dataclass
from datetime import datetime

from cases.master_data import CaseType, Role, Source, Urgency
from vocabulary.errors import InvalidValue
from vocabulary.phone_number import PhoneNumber

MAX_DEMAND_CHARACTERS = 4000
"""Longer texts go into an attachment; a demand is read at a glance."""


@dataclass(frozen=True, slots=True)
class ForwardedFrom:
    """What another body's item carries (§1.2): needed for every forwarded source when it is classified.

    Attributes:
        body: 来件单位.
        number: 来件编号 there.
        due_at: 来件时限, aware UTC.
        contact: 联系人.
    """

    body: str
    number: str
    due_at: datetime | None = None
    contact: str = ""


@dataclass(frozen=True, slots=True)
class IntakeCommand:
    """Open a case, or join the one that stands open for the same thing.

    A call is logged when it is answered, so everything but ``command_id``, ``source`` and ``by`` may still be unknown;
    ``save`` asks for the rest.

    Attributes:
        command_id: chosen by the caller; the same one again changes nothing and gives the same answer.
        source: where it came from.
        by: who accepted it: a staff identifier, or ``bot``. The first-contact owner from then on (§2.4).
        role: in which role; BOT for the machine.
        call_id: the telephone call, if there is one.
        caller: the user's number; None if withheld.
        person_name, address, demand: as said; "" if not yet known.
        household_no: 户号, if known.
        case_type, matter, urgency: as confirmed by ``by``; None leaves a suggestion to be made from the text.
        recording_id: of the call's recording, if it is already known.
        no_recording_reason: why there is none, e.g. the user refused.
        is_anonymous: the user declines to give a number.
        refuses_callback: the user does not want to be asked afterwards (§3.1 row 2).
        forwarded: for forwarded sources.
        parent: the case it grew out of (patrol, reopen).
        attributes: further facts for alerts, e.g. ``{"injured": "1"}``.
    """

    command_id: str
    source: Source
    by: str
    role: Role = Role.AGENT
    call_id: str | None = None
    caller: PhoneNumber | None = None
    person_name: str = ""
    address: str = ""
    demand: str = ""
    household_no: str = ""
    case_type: CaseType | None = None
    matter: str | None = None
    urgency: Urgency | None = None
    recording_id: str | None = None
    no_recording_reason: str = ""
    is_anonymous: bool = False
    refuses_callback: bool = False
    forwarded: ForwardedFrom | None = None
    parent: str | None = None
    attributes: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.command_id or len(self.command_id) > 64:
            raise InvalidValue("a command id has 1 to 64 characters", field="command_id")
        if not self.by or len(self.by) > 80:
            raise InvalidValue("somebody accepts a case, in 1 to 80 characters", field="by")
        if self.forwarded and len(self.forwarded.number) > 80:
            raise InvalidValue("another body's number has at most 80 characters", field="forwarded")
        if len(self.household_no) > 40:
            raise InvalidValue("a household number has at most 40 characters", field="household_no")
        if len(self.demand) > MAX_DEMAND_CHARACTERS:
            raise InvalidValue(f"a demand has at most {MAX_DEMAND_CHARACTERS} characters", field="demand")
        if len(self.address) > 300:
            raise InvalidValue("an address has at most 300 characters", field="address")


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of an IntakeCommand.

    Attributes:
        case_number: the case it made or joined.
        joined: True: it became a reminder (催办) on a case that already stood open.
        duplicate_row: the row of §2.5 that matched, 0 for none.
        reason: why, in a Chinese sentence.
        related: numbers of cases linked with it.
        repeated: this command had been carried out before; nothing changed now.
        is_emergency: P0, confirmed or suggested: a person must take over at once.
    """

    case_number: str
    joined: bool
    duplicate_row: int
    reason: str
    related: tuple[str, ...] = ()
    repeated: bool = False
    is_emergency: bool = False
