"""A machine's use case is tried again when somebody was quicker, but not for ever."""

import pytest

from cases.ports import CasesUnitOfWork
from cases.races import Races
from tests.fakes.cases_store import CasesInMemory
from vocabulary.errors import AlreadyExists, ConcurrentChange

pytestmark = pytest.mark.unit


class Overtaken:
    def __init__(self, times: int, error: type[Exception]) -> None:
        self.times, self.error, self.tries = times, error, 0

    async def __call__(self, uow: CasesUnitOfWork) -> str:
        self.tries += 1
        if self.tries <= self.times:
            raise self.error("somebody was quicker")
        return "won"


@pytest.mark.parametrize("error", [ConcurrentChange, AlreadyExists])
async def test_a_lost_race_is_run_again(memory: CasesInMemory, error: type[Exception]) -> None:
    assert await Races(memory.uow_factory).until_won(Overtaken(3, error)) == "won"


async def test_the_fourth_loss_is_told(memory: CasesInMemory) -> None:
    use_case = Overtaken(9, ConcurrentChange)
    with pytest.raises(ConcurrentChange):
        await Races(memory.uow_factory).until_won(use_case)
    assert use_case.tries == 4


async def test_other_failures_are_not_repeated(memory: CasesInMemory) -> None:
    use_case = Overtaken(9, KeyError)
    with pytest.raises(KeyError):
        await Races(memory.uow_factory).until_won(use_case)
    assert use_case.tries == 1
