"""Maps the callbacks room's aggregate; its facts are read and written as plain rows by the repository."""

from callbacks.callback import Callback
from store.tables.callbacks import callback
from store.tables.metadata import mapper_registry


def map_classes() -> None:
    """Join class and table; once in a process."""
    mapper_registry.map_imperatively(Callback, callback, version_id_col=callback.c.version)
