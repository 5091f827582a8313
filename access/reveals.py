"""Looking at a plain telephone number: with a reason, written down before it is shown, and not in a row."""

import logging
from dataclasses import dataclass
from datetime import timedelta

from access.errors import RevealRefused
from access.identity import Identity
from access.ports import AccessUnits
from access.roles import Scope
from access.user import Reveal
from vocabulary.clock import Clock
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RevealRules:
    """More than ``most`` looks within ``within_s`` stop and call the shift lead (security notes, test 10)."""

    most: int = 20
    within_s: float = 600
    shortest_reason: int = 2


class RevealServices:
    """The one door to plain numbers.

    Args:
        units: makes units of work.
        clock: counts looks within a time.
        rules: see RevealRules.
    """

    def __init__(self, units: AccessUnits, *, clock: Clock, rules: RevealRules | None = None) -> None:
        self._units = units
        self._clock = clock
        self._rules = rules or RevealRules()

    async def phone(self, by: Identity, number: PhoneNumber, *, subject: str, reason: str) -> str:
        """The number as it is dialled inside China; the look is durable before it is given.

        Args:
            by: who asks.
            number: of the person.
            subject: what it belongs to, e.g. ``case RX20261124-0031``.
            reason: in the asker's words.
        Raises:
            NotAllowed: no scope for this.
            RevealRefused: no reason, or too many looks in a row; the latter is an alert.
        """
        by.require(Scope.PHONES_REVEAL)
        if len(reason.strip()) < self._rules.shortest_reason:
            raise RevealRefused("a plain number is shown for a stated reason only")
        now = self._clock.now()
        async with self._units() as uow:
            looks = await uow.reveals.count_since(by.user_id, now - timedelta(seconds=self._rules.within_s))
            refused = looks >= self._rules.most
            if refused:
                uow.audit.append(by.name, "phone.reveal-refused", subject, reason, {"looks": looks})
                uow.events.append("alert", {"kind": "reveals in a row", "user": by.name, "looks": looks})
            else:
                await uow.reveals.add(Reveal(new_id(self._clock), by.user_id, subject, reason, now))
                uow.audit.append(by.name, "phone.reveal", subject, reason, {"phone": number.masked})
            await uow.commit()
        if refused:
            log.warning("reveals stopped", extra={"user": by.name, "looks": looks})
            raise RevealRefused("too many numbers in a row: the shift lead has been told")
        return number.national
