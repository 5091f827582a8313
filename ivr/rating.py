"""The rating by key at the end of a talk (好差评), asked of callers whose seat hung up first."""

from dataclasses import dataclass
from enum import Enum

from ivr.ports import Prompts, Ratings
from ivr.visit import CaseOpening, insist
from seats.call_lists import RatingGiven
from telephony.ports import Leg
from vocabulary.clock import Clock


class Scale(Enum):
    """The labels, best first; the key is the place (domain spec §0: 五级, 可切 3/5 级)."""

    FIVE = ("非常满意", "满意", "基本满意", "不满意", "非常不满意")
    THREE = ("满意", "基本满意", "不满意")

    @property
    def prompt(self) -> str:
        """The question's key."""
        return "rating.ask_five" if self is Scale.FIVE else "rating.ask_three"

    @property
    def keys(self) -> str:
        """The keys that mean a rating."""
        return "".join(str(level) for level in range(1, len(self.value) + 1))


@dataclass(frozen=True, slots=True)
class RatingRules:
    """Settings of the rating.

    Attributes:
        scale: three or five levels.
        wait_s: how long to wait for a key after the question (settings ``reception.rating_wait_s``).
    """

    scale: Scale = Scale.FIVE
    wait_s: float = 6.0


class RatingByKey:
    """Asks once and keeps what is keyed; while it asks, 1 is a rating and not the leak key (§10)."""

    def __init__(
        self, prompts: Prompts, ratings: Ratings, cases: CaseOpening, clock: Clock, rules: RatingRules | None = None
    ) -> None:
        self._prompts = prompts
        self._ratings = ratings
        self._cases = cases
        self._clock = clock
        self._rules = rules or RatingRules()

    async def ask(
        self, leg: Leg, *, call_id: str, staff_number: str | None, case_number: str | None
    ) -> RatingGiven | None:
        """Ask, keep and thank; None if nothing valid was keyed.

        Raises:
            LegEnded: the caller hung up, which most do; a rating keyed before stands.
        """
        scale = self._rules.scale
        played = await leg.play(self._prompts.file(scale.prompt), stop_on=scale.keys)
        key = played.digit or await leg.collect(1, first_s=self._rules.wait_s, between_s=self._rules.wait_s)
        if not key or key not in scale.keys:
            return None
        level = int(key)
        rating = RatingGiven(call_id, level, scale.value[level - 1], len(scale.value), staff_number, case_number)
        await insist(lambda: self._ratings.given(rating), self._clock, what="rating", call_id=call_id)
        await self._cases.rate(call_id, rating.label)
        await leg.play(self._prompts.file("rating.thanks"))
        return rating
