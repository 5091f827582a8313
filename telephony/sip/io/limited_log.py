"""A log that a flood of bad messages cannot fill: a few lines a minute of each kind, and how many were left out."""

import logging
from collections.abc import Callable

_WINDOW_S = 60.0
_MOST_KINDS = 200
"""Kinds are our own sentences with a status, so there are few; this bounds a mistake of ours."""


class LimitedLog:
    """Writes the first lines of each kind in a minute; the first line of a later minute says how many were left out.

    Args:
        log: where the lines go.
        monotonic_s: the clock.
        per_minute: lines of one kind within a minute.
    """

    def __init__(self, log: logging.Logger, monotonic_s: Callable[[], float], *, per_minute: int = 10) -> None:
        self._log = log
        self._monotonic_s = monotonic_s
        self._per_minute = per_minute
        self._kinds: dict[str, tuple[float, int, int]] = {}  # began at, written, left out

    def info(self, sentence: str, extra: dict[str, object]) -> None:
        """See logging.Logger.info."""
        self._write(logging.INFO, sentence, extra)

    def warning(self, sentence: str, extra: dict[str, object]) -> None:
        """See logging.Logger.warning."""
        self._write(logging.WARNING, sentence, extra)

    def _write(self, level: int, sentence: str, extra: dict[str, object]) -> None:
        kind = f"{sentence} {extra.get('status', '')}"
        now_s = self._monotonic_s()
        began_s, written, left_out = self._kinds.get(kind, (now_s, 0, 0))
        if now_s - began_s >= _WINDOW_S:
            began_s, written = now_s, 0
        if written >= self._per_minute or (kind not in self._kinds and len(self._kinds) >= _MOST_KINDS):
            if kind in self._kinds:
                self._kinds[kind] = began_s, written, left_out + 1
            return
        self._kinds[kind] = began_s, written + 1, 0
        if left_out:
            extra = {**extra, "left_out": left_out}
        self._log.log(level, sentence, extra=extra)
