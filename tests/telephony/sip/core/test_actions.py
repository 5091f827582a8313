from dataclasses import FrozenInstanceError, is_dataclass
from typing import get_args

import pytest

from telephony.sip.core.actions import Action, Event, StartTimer, UserAction
from telephony.sip.core.timers import Timer

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("kind", [*get_args(Action), *get_args(UserAction), *get_args(Event)])
def test_actions_and_events_are_frozen_values_without_dict(kind: type) -> None:
    assert is_dataclass(kind)
    assert hasattr(kind, "__slots__")


def test_an_action_cannot_be_changed_on_its_way() -> None:
    action = StartTimer(Timer.A, 0.5)
    with pytest.raises(FrozenInstanceError):
        action.after_s = 1.0  # type: ignore[misc]
