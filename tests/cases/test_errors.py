"""A refusal carries what the answerer needs."""

import pytest

from cases.errors import CaseNotFound, CasesError, IdentityWithheld, MasterDataRefused, MoveRefused
from vocabulary.errors import NuanxianError

pytestmark = pytest.mark.unit


def test_a_refused_move_names_state_reason_rule_and_what_is_missing() -> None:
    error = MoveRefused("ACCEPTED", "save", "缺少:诉求", "§2.1 S1", ("demand",))
    assert str(error) == "缺少:诉求(依据§2.1 S1)"
    assert (error.state, error.move, error.missing) == ("ACCEPTED", "save", ("demand",))


@pytest.mark.parametrize("error", [MoveRefused, CaseNotFound, IdentityWithheld, MasterDataRefused])
def test_all_stand_below_the_rooms_root(error: type[Exception]) -> None:
    assert issubclass(error, CasesError) and issubclass(error, NuanxianError)
