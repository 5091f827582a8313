"""The words of the control link."""

from typing import Any, get_args

import pytest

from telephony.media.messages import Command, ConfigureLeg, Fact, LegClosed, LegCounters, OpenLeg, Play
from vocabulary.framing import FrameReader, frame

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("union", [Command, Fact])
def test_every_message_of_a_direction_has_its_own_tag(union: Any) -> None:
    tags = [kind.__struct_config__.tag for kind in get_args(union)]
    assert len(tags) == len(set(tags))


def test_messages_survive_the_wire_in_any_pieces() -> None:
    sent = [
        OpenLeg(1, "a"),
        ConfigureLeg(leg="a", remote_host="192.0.2.1", remote_port=4000, event_payload_type_out=None),
        Play(leg="a", play=2, files=["/x.alaw"], repeat=True, gap_s=0.5, stop_on="1"),
    ]
    wire, reader, heard = b"".join(map(frame, sent)), FrameReader[Any](Command), []
    for at in range(0, len(wire), 7):
        heard += reader.feed(wire[at : at + 7])
    assert heard == sent


def test_counters_travel_inside_facts() -> None:
    closed = LegClosed("a", LegCounters(packets_in=3, jitter_ms=1.5))
    assert FrameReader[Any](Fact).feed(frame(closed)) == [closed]
