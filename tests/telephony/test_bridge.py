"""A bridge on its own: it measures what was talked, once, whoever ends it."""

from typing import cast

import pytest

from telephony.bridge import LineBridge
from telephony.causes import Cause
from telephony.legs import LegFacts, LegMedia, LineLeg
from telephony.media import MediaWorker
from telephony.ports import Direction, LegState
from tests.fakes.clock import FakeClock
from tests.fakes.media_worker import FakeMediaWorker

pytestmark = pytest.mark.unit


def leg(clock: FakeClock, worker: FakeMediaWorker) -> LineLeg:
    media = LegMedia(cast(MediaWorker, worker), "192.0.2.1")
    made = LineLeg(LegFacts("call", Direction.INBOUND, "96556"), media, clock, lambda _leg: None)
    made.state = LegState.ANSWERED
    return made


async def test_what_was_talked_is_counted_once_on_both_legs() -> None:
    clock, worker = FakeClock(), FakeMediaWorker()
    a, b = leg(clock, worker), leg(clock, worker)
    bridge = LineBridge(a, b, cast(MediaWorker, worker), clock)
    assert bridge.joins(a)
    assert not bridge.over
    clock.advance(3)
    a.cause = Cause.NORMAL
    bridge.leg_ended(a)
    clock.advance(3)
    bridge.leg_ended(b)
    await bridge.unbridge()
    assert bridge.over
    assert not bridge.joins(b)
    assert (a.bridged_s, b.bridged_s) == (3, 3)
    assert (await bridge.ended()).ended_leg == a.id
    assert "unbridge" not in worker.verbs(a.id)
