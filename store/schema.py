"""Find the rooms' tables and mappings; each room keeps its own file in ``store/tables`` and ``store/mapping``."""

import importlib
import pkgutil
from types import ModuleType

import store.mapping
import store.tables

_mapped: set[str] = set()


def load_tables() -> None:
    """Import every module of ``store/tables``, so that the metadata is complete."""
    _modules(store.tables)


def start_mappers() -> None:
    """Import every module of ``store/mapping`` and call its ``map_classes()``, once in a process."""
    load_tables()
    for module in _modules(store.mapping):
        if module.__name__ not in _mapped:
            _mapped.add(module.__name__)
            module.map_classes()


def _modules(package: ModuleType) -> list[ModuleType]:
    return [
        importlib.import_module(f"{package.__name__}.{entry.name}") for entry in pkgutil.iter_modules(package.__path__)
    ]
