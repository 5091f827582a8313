import pytest

from telephony.sip.core.errors import MessageMalformed, NoCommonCodec, SdpMalformed, SipError, WrongState
from vocabulary.errors import NuanxianError

pytestmark = pytest.mark.unit


def test_each_error_carries_the_status_to_answer_with() -> None:
    statuses = {kind: kind("x").status for kind in (MessageMalformed, SdpMalformed, NoCommonCodec, WrongState)}
    assert statuses == {MessageMalformed: 400, SdpMalformed: 400, NoCommonCodec: 488, WrongState: 500}


def test_all_belong_to_the_programs_tree() -> None:
    assert issubclass(MessageMalformed, SipError)
    assert issubclass(SipError, NuanxianError)
