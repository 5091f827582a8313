"""Find the rooms' tables and mappings; each room keeps its own file in ``store/tables`` and ``store/mapping``."""

import importlib
import logging
import pkgutil
from types import ModuleType

import store.mapping
import store.tables

log = logging.getLogger(__name__)

_mapped: set[str] = set()


def load_tables(*, strict: bool = True) -> None:
    """Import every module of ``store/tables``, so that the metadata is complete.

    Args:
        strict: False skips a module that cannot be imported, with an error in the log.
    """
    _modules(store.tables, strict=strict)


def start_mappers(*, strict: bool = True) -> None:
    """Import every module of ``store/mapping`` and call its ``map_classes()``, once in a process.

    Args:
        strict: see load_tables.
    """
    load_tables(strict=strict)
    for module in _modules(store.mapping, strict=strict):
        if module.__name__ not in _mapped:
            _mapped.add(module.__name__)
            module.map_classes()


def _modules(package: ModuleType, *, strict: bool) -> list[ModuleType]:
    found = []
    for entry in pkgutil.iter_modules(package.__path__):
        try:
            found.append(importlib.import_module(f"{package.__name__}.{entry.name}"))
        except (ImportError, SyntaxError, AttributeError):
            if strict:
                raise
            log.exception("a module of the schema cannot be imported", extra={"schema_module": entry.name})
    return found
