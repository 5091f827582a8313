import pytest

from ivr.waiting import WaitingRules, next_announcement_s

pytestmark = pytest.mark.unit

RULES = WaitingRules(position_every_s=30, offer_bot_after_s=45)


@pytest.mark.parametrize(
    ("waited_s", "offered", "music_s"),
    [(0, False, 30), (10, False, 20), (30, False, 15), (30, True, 30), (44, False, 1), (45, True, 15), (61, True, 29)],
)
def test_music_lasts_until_the_position_or_the_offer_is_due(waited_s: float, offered: bool, music_s: float) -> None:
    assert next_announcement_s(waited_s, RULES, offered=offered) == music_s


def test_without_messages_nothing_but_the_position_interrupts_the_music() -> None:
    assert next_announcement_s(40, WaitingRules(30, 45, message=False), offered=False) == 20
