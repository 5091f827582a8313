"""What every repository is given: the session of the unit of work and the two things it may need beside it."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from vocabulary.clock import Clock
from vocabulary.phone_number import PhoneKeyer


@dataclass(frozen=True, slots=True)
class StoreSession:
    """One transaction.

    Repositories are made as ``CaseRepository(store: StoreSession)``; they never commit.
    """

    session: AsyncSession
    clock: Clock
    phone_keyer: PhoneKeyer
