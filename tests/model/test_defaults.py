"""Defaults that are models are not checked when cbops starts, so they are here."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import cbops.model
from cbops.model.base import Frozen, by_default
from cbops.model.config_guard import TimeGuard

for found in pkgutil.iter_modules(cbops.model.__path__):
    importlib.import_module(f"cbops.model.{found.name}")


def kinds(of: type[Frozen]) -> list[type[Frozen]]:
    """All models below."""
    return [each for kind in of.__subclasses__() for each in (kind, *kinds(kind))]


CASES = [
    pytest.param(field.default, id=f"{kind.__name__}.{name}")
    for kind in kinds(Frozen)
    for name, field in kind.model_fields.items()
    if isinstance(field.default, Frozen)
]


def test_the_configuration_has_such_defaults():
    assert len(CASES) > 15


@pytest.mark.parametrize("default", CASES)
def test_a_default_is_what_checking_it_makes_of_it(default):
    assert type(default).model_validate(default.model_dump()) == default
    assert type(default)(**{name: getattr(default, name) for name in default.model_fields_set}) == default


def test_a_default_that_is_wrong_would_be_found():
    wrong = by_default(TimeGuard, seconds=0)
    with pytest.raises(ValueError, match="seconds"):
        TimeGuard.model_validate(wrong.model_dump())
