"""Lists that people work through: missed calls (§3.9), the rescue desk (§10.3), and ratings as they were keyed."""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from seats.errors import SeatsError
from seats.missed_calls import MissedCall, MissedKind, due_at
from seats.ports import SeatsUnitOfWork, UnitOfWorkFactory
from seats.ratings import CallRating
from seats.rescue_desk import RescueCall
from vocabulary.clock import Clock
from vocabulary.errors import AlreadyExists
from vocabulary.identifiers import new_id
from vocabulary.phone_number import PhoneNumber

log = logging.getLogger(__name__)
Result = TypeVar("Result")


class ListEntryUnknown(SeatsError):
    """No entry of the list has this identifier."""


@dataclass(frozen=True, slots=True)
class MissedCaller:
    """A caller nobody served.

    Attributes:
        number: to call back; None if withheld.
        waited_s: in the queue.
        recording, case_number: what is known.
    """

    call_id: str
    kind: MissedKind
    number: PhoneNumber | None
    waited_s: float
    recording: str | None = None
    case_number: str | None = None


@dataclass(frozen=True, slots=True)
class LostLeakCaller:
    """A leak caller who hung up before a person spoke (§10.3)."""

    call_id: str
    number: PhoneNumber | None
    found_by: str
    recording: str | None
    case_number: str | None


@dataclass(frozen=True, slots=True)
class RatingGiven:
    """What a caller keyed at the end of a call; level 1 is best of ``scale``."""

    call_id: str
    level: int
    label: str
    scale: int
    staff_number: str | None
    case_number: str | None


class CallLists:
    """Writes the lists; each method is one transaction.

    Args:
        uow_factory: ``store.unit_of_work.UnitOfWorkFactory``.
    """

    def __init__(self, uow_factory: UnitOfWorkFactory, clock: Clock) -> None:
        self._uow = uow_factory
        self._clock = clock

    async def note(self, missed: MissedCaller) -> None:
        """Put a caller on the list of missed calls."""
        now = self._clock.now()
        row_id = new_id(self._clock)

        async def noting(uow: SeatsUnitOfWork) -> None:
            uow.missed_calls.add(
                MissedCall(
                    id=row_id,
                    call_id=missed.call_id,
                    kind=missed.kind,
                    number=missed.number,
                    at=now,
                    waited_s=missed.waited_s,
                    due_at=due_at(missed.kind, now),
                    recording=missed.recording,
                    case_number=missed.case_number,
                )
            )
            await uow.commit()

        await self._uow.run(noting)
        log.info("missed call noted", extra={"call": missed.call_id, "kind": missed.kind.value})

    async def finish_missed(self, missed_id: str, *, by: str, note: str = "") -> None:
        """Record that a missed call was listened to or called back.

        Raises:
            ListEntryUnknown, AlreadyHandled.
        """
        now = self._clock.now()

        async def finishing(uow: SeatsUnitOfWork) -> None:
            missed = await uow.missed_calls.get(missed_id)
            if missed is None:
                raise ListEntryUnknown(missed_id)
            missed.finish(by, note, at=now)
            uow.audit.append(by, "missed_call.finish", f"call {missed.call_id}", note, {})
            await uow.commit()

        await self._uow.run(finishing)

    async def hand_over(self, caller: LostLeakCaller) -> None:
        """Give a leak caller who hung up to the rescue desk; the alert leaves with the same commit."""
        now = self._clock.now()
        row_id = new_id(self._clock)

        async def handing_over(uow: SeatsUnitOfWork) -> None:
            uow.rescue_calls.add(
                RescueCall(
                    id=row_id,
                    call_id=caller.call_id,
                    number=caller.number,
                    lost_at=now,
                    found_by=caller.found_by,
                    recording=caller.recording,
                    case_number=caller.case_number,
                )
            )
            uow.events.append(
                "alert",
                {"kind": "leak_caller_lost", "rescue_call": row_id, "call": caller.call_id, "case": caller.case_number},
            )
            await uow.commit()

        await self._uow.run(handing_over)
        log.warning("leak caller handed to the rescue desk", extra={"call": caller.call_id})

    async def call_back(self, rescue_id: str, *, by: str) -> RescueCall:
        """Count one call back to a leak caller and return the entry with the number to dial.

        Raises:
            ListEntryUnknown, CallsBackUsedUp.
        """
        now = self._clock.now()
        return await self._change_rescue(rescue_id, by, "rescue.call_back", lambda rescue: rescue.call_back(by, at=now))

    async def close_rescue(self, rescue_id: str, *, by: str, note: str, reached: bool) -> RescueCall:
        """Record how it ended for a leak caller.

        Raises:
            ListEntryUnknown.
        """
        return await self._change_rescue(
            rescue_id, by, "rescue.close", lambda rescue: rescue.close(by, note, reached=reached)
        )

    async def given(self, rating: RatingGiven) -> None:
        """Keep a rating; a second of the same call changes nothing."""
        now = self._clock.now()

        async def keeping(uow: SeatsUnitOfWork) -> None:
            uow.ratings.add(
                CallRating(
                    rating.call_id,
                    rating.level,
                    rating.label,
                    rating.scale,
                    now,
                    staff_number=rating.staff_number,
                    case_number=rating.case_number,
                )
            )
            await uow.commit()

        try:
            await self._uow.run(keeping)
        except AlreadyExists:
            log.info("a call was rated twice, the first rating stands", extra={"call": rating.call_id})

    async def _change_rescue(
        self, rescue_id: str, by: str, action: str, change: Callable[[RescueCall], None]
    ) -> RescueCall:
        async def changing(uow: SeatsUnitOfWork) -> RescueCall:
            rescue = await uow.rescue_calls.get(rescue_id)
            if rescue is None:
                raise ListEntryUnknown(rescue_id)
            change(rescue)
            uow.audit.append(by, action, f"call {rescue.call_id}", rescue.note, {"calls_back": rescue.calls_back})
            await uow.commit()
            return rescue

        run: Callable[[Callable[[SeatsUnitOfWork], Awaitable[RescueCall]]], Awaitable[RescueCall]] = self._uow.run
        return await run(changing)
