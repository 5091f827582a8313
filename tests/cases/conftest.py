"""Cases in memory, and the services over them."""

import pytest

from cases.services import CaseServices
from tests.fakes.cases_store import CasesInMemory
from tests.fakes.clock import FakeClock
from vocabulary.phone_number import PhoneKeyer


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def memory(clock: FakeClock) -> CasesInMemory:
    return CasesInMemory(clock, PhoneKeyer(b"k" * 32))


@pytest.fixture
def services(memory: CasesInMemory, clock: FakeClock) -> CaseServices:
    return CaseServices(memory.uow_factory, clock, memory.keyer)
