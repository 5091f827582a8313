"""The server's own long-running parts (events, callbacks, dialler, limits): a fault in one is logged and it goes on."""

import logging
from collections.abc import Awaitable, Callable

from vocabulary.clock import Clock

log = logging.getLogger(__name__)
PAUSE_S = 5.0
"""Before a part that failed is begun again; a fault that stays is told in the log twelve times a minute."""


async def keep_running(work: Callable[[], Awaitable[None]], name: str, clock: Clock) -> None:
    """Run a part until it ends by itself or is cancelled; after an exception, begin it again.

    Args:
        work: begins the part anew at each call.
        name: for the log.
    """
    while True:
        try:
            return await work()
        except Exception:
            log.exception("a part of the server failed, it begins again", extra={"part": name, "pause_s": PAUSE_S})
        await clock.sleep(PAUSE_S)
