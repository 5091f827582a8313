from dataclasses import fields

import pytest

from telephony.sip import SipStats
from tests.fakes.sip_hotline import Line

pytestmark = pytest.mark.unit


async def test_every_figure_is_a_number_from_the_start(line: Line) -> None:
    stats = line.endpoint.stats()
    assert {field.name: getattr(stats, field.name) for field in fields(SipStats)} == {
        field.name: 0 for field in fields(SipStats)
    }
