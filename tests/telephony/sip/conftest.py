import pytest

from tests.fakes.sip_hotline import Line


@pytest.fixture
async def line() -> Line:
    """The hotline's endpoint, started; its owner waits for the test to answer."""
    line = Line()
    await line.endpoint.start()
    return line


@pytest.fixture
async def answering_line() -> Line:
    """The same, but every call is rung and accepted at once."""
    line = Line(accept_at_once=True)
    await line.endpoint.start()
    return line
