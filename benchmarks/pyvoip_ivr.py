"""pyVoIP as a small IVR in a process of its own: it answers every call and plays a tone for ever. For comparison only.

It prints ``registered`` once it has registered; pyVoIP always does.
"""

import sys
import time
from typing import Any

from pyVoIP.VoIP import CallState, VoIPPhone
from pyVoIP.VoIP.VoIP import PhoneStatus  # type: ignore[attr-defined]

SECOND = bytes(128 + (40 if n % 16 < 8 else -40) for n in range(8000))
"""Unsigned 8-bit, 500 Hz, as pyVoIP wants it."""


def answer(call: Any) -> None:
    """Answer, and keep one to two seconds of tone waiting until the caller goes."""
    call.answer()
    while call.state == CallState.ANSWERED:
        call.write_audio(SECOND)
        time.sleep(1.0)


def main() -> None:
    """Arguments: own SIP port, registrar's port, first and last RTP port."""
    sip_port, registrar, low, high = (int(argument) for argument in sys.argv[1:5])
    phone = VoIPPhone(
        "127.0.0.1", registrar, "ivr", "ivr-secret", callCallback=answer,
        myIP="127.0.0.1", sipPort=sip_port, rtpPortLow=low, rtpPortHigh=high,
    )  # fmt: skip
    phone.start()
    until_s = time.monotonic() + 15
    while phone.get_status() is not PhoneStatus.REGISTERED and time.monotonic() < until_s:
        time.sleep(0.05)
    print("registered", flush=True)
    sys.stdin.read()
    phone.stop()


if __name__ == "__main__":
    main()
