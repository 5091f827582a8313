import logging

import pytest

from telephony.sip.io.limited_log import LimitedLog
from tests.fakes.sip_hotline import Line
from tests.fakes.sip_network import Timeline

pytestmark = pytest.mark.unit


def test_the_eleventh_line_of_a_minute_is_left_out_and_counted_in_the_next(caplog: pytest.LogCaptureFixture) -> None:
    timeline = Timeline()
    log = LimitedLog(logging.getLogger("flood"), timeline.monotonic_s)
    with caplog.at_level(logging.INFO):
        for _ in range(25):
            log.info("malformed message", extra={"why": "x"})
        log.warning("request refused", extra={"status": 481})
        log.warning("request refused", extra={"status": 400})
        timeline.advance(60)
        log.info("malformed message", extra={"why": "y"})
        log.info("malformed message", extra={"why": "z"})
    assert [record.message for record in caplog.records].count("malformed message") == 12
    assert [record.message for record in caplog.records].count("request refused") == 2
    assert [getattr(record, "left_out", None) for record in caplog.records][-2:] == [15, None]


def test_kinds_without_end_stop_being_written(caplog: pytest.LogCaptureFixture) -> None:
    log = LimitedLog(logging.getLogger("flood"), lambda: 0.0)
    with caplog.at_level(logging.INFO):
        for number in range(300):
            log.info("request refused", extra={"status": number})
    assert len(caplog.records) == 200


async def test_a_flood_of_rubbish_writes_ten_lines_and_is_counted(line: Line, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for _ in range(500):
            line.trunk_sends("rubbish\r\n\r\n")
            line.trunk_sends(b"BYE sip:x SIP/2.0\r\n\r\n")
    assert line.endpoint.stats().malformed == 1000
    lines_a_minute = 10
    assert len(caplog.records) <= 3 * lines_a_minute  # the flood lasts 100 s
