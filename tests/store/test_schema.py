"""Every room's tables, mappings and repositories are found and fit together."""

import importlib

import pytest
from sqlalchemy.orm import configure_mappers

from store.schema import start_mappers
from store.unit_of_work import _REPOSITORIES, SqlUnitOfWork

pytestmark = pytest.mark.unit


def test_classes_are_mapped_once_however_often_it_is_asked_for() -> None:
    start_mappers()
    start_mappers()
    configure_mappers()


def test_every_repository_of_a_unit_of_work_exists_and_is_declared() -> None:
    for attribute, (module, class_name) in _REPOSITORIES.items():
        assert hasattr(importlib.import_module(f"store.repositories.{module}"), class_name), attribute
        assert attribute in SqlUnitOfWork.__annotations__
