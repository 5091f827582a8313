"""A danger that was written in an SMS: a P0 case at once, and the rescue desk's list, whatever the hour (§3.6, §10)."""

import hashlib
import logging
from typing import Protocol

from callbacks.ports import CaseDoor
from cases.intake import IntakeCommand
from cases.master_data import CaseType, Role, Source, Urgency
from seats.call_lists import LostLeakCaller
from vocabulary.errors import NuanxianError
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)


class RescueDesk(Protocol):
    """The rescue desk's list; ``seats.call_lists.CallLists`` serves it."""

    async def hand_over(self, caller: LostLeakCaller) -> None:
        """The desk has the person from now on; an alert goes out with it."""
        ...


class DangerAlarm:
    """Serves ``callbacks.ports.SafetyAlarm``.

    Args:
        cases: opens the P0 case below the one that was asked about.
        desk: gets number and words.
    """

    def __init__(self, cases: CaseDoor, desk: RescueDesk) -> None:
        self._cases = cases
        self._desk = desk

    async def raise_alarm(self, *, case_number: str, phone: PhoneNumber | None, words: str, reason: str) -> None:
        """Returns when the desk's list holds it; a case that cannot be opened does not delay the desk."""
        opened = case_number or None
        digest = hashlib.sha256(f"{case_number}|{words}".encode()).hexdigest()[:24]
        try:
            intake = await self._cases.open(
                IntakeCommand(
                    command_id=f"danger-{digest}",
                    source=Source.SMS,
                    by="sms",
                    role=Role.BOT,
                    caller=phone,
                    demand=f"短信回复含险情:{words}"[:4000],
                    case_type=CaseType.EMERGENCY,
                    urgency=Urgency.P0,
                    parent=case_number or None,
                )
            )
            opened = intake.case_number
        except NuanxianError:
            log.exception("no case could be opened for a danger", extra={"case": case_number})
        await self._desk.hand_over(LostLeakCaller("", phone, f"短信安全词:{reason}", None, opened))
