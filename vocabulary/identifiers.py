"""Identifiers: ULIDs inside, which sort by time and need no counter."""

import os
import re

from vocabulary.clock import Clock

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")


_last = [0]


def new_id(clock: Clock) -> str:
    """A fresh ULID: 26 characters, 48 bits of milliseconds and 80 random bits (github.com/ulid/spec).

    Within one process and one millisecond the next is the last plus one, so that they sort in the order of making.
    """
    milliseconds = int(clock.now().timestamp() * 1000)
    if _last[0] >> 80 == milliseconds:
        value = _last[0] + 1
    else:
        value = (milliseconds << 80) | int.from_bytes(os.urandom(10), "big")
    _last[0] = value
    return "".join(_CROCKFORD[(value >> shift) & 31] for shift in range(125, -1, -5))


def is_id(text: str) -> bool:
    """Whether the text has the shape of a ULID."""
    return _ULID.fullmatch(text) is not None
