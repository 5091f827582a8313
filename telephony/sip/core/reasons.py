"""Reason (RFC 3326) and Warning (RFC 3261 §20.43) headers, written and read."""

from telephony.sip.core.headers import parse_params
from telephony.sip.core.message import Message


def one_line(text: str) -> str:
    """Text that cannot end the header it stands in."""
    return "".join(character if character >= " " and character != "\x7f" else " " for character in text)


def _quotable(text: str) -> str:
    return one_line(text).replace("\\", "/").replace('"', "'")


def reason_header(q850: int, text: str = "") -> tuple[str, str]:
    """``Reason: Q.850;cause=17;text="..."``."""
    return "Reason", f"Q.850;cause={q850}" + (f';text="{_quotable(text)}"' if text else "")


ANSWERED_ELSEWHERE = ("Reason", 'SIP;cause=200;text="Call completed elsewhere"')
"""On a CANCEL: the phone counts no missed call (RFC 3326 §2)."""


def warning_header(host: str, text: str, code: int = 399) -> tuple[str, str]:
    """``Warning: 399 host "text"``."""
    return "Warning", f'{code} {host} "{_quotable(text)}"'


def read_reason(message: Message) -> tuple[int | None, str]:
    """Q.850 cause and text of the Reason headers; (None, "") without them. A SIP reason gives its text only."""
    cause: int | None = None
    text = ""
    for value in message.get_list("Reason"):
        protocol, _, rest = value.partition(";")
        params = parse_params(rest)
        text = text or params.get("text", "")
        number = params.get("cause", "")
        if protocol.strip().upper() == "Q.850" and number.isascii() and number.isdigit() and len(number) <= 3:
            cause = int(number)
    return cause, text


def read_retry_after(message: Message) -> int | None:
    """Seconds of Retry-After; None without it or if it is no number."""
    value = (message.get("Retry-After") or "").partition(";")[0].partition("(")[0].strip()
    return int(value) if value.isascii() and value.isdigit() and len(value) <= 9 else None
