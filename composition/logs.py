"""One line an event: time, level, where, a fixed sentence, then its fields; personal data prints masked."""

import logging
import sys

_STANDARD = set(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_QUIET = ("aiosqlite", "asyncio", "dbos", "faster_whisper", "sqlalchemy", "numba", "alembic")


class FieldFormatter(logging.Formatter):
    """Appends ``extra`` as ``name=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """See Formatter."""
        text = super().format(record)
        fields = {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if not fields:
            return text
        head, newline, trace = text.partition("\n")
        return head + " " + " ".join(f"{name}={value}" for name, value in fields.items()) + newline + trace


def configure_logs(level: str) -> None:
    """Log to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(FieldFormatter("%(asctime)s %(levelname).1s %(name)s: %(message)s"))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
