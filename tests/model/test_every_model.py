"""What holds for each model there is, the answers of the commands included."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import cbops.model
from cbops.model.base import Frozen

MODULES = sorted(found.name for found in pkgutil.walk_packages(cbops.model.__path__, "cbops.model."))


def models(module: str) -> list[type[Frozen]]:
    found = vars(importlib.import_module(module)).values()
    return [
        each
        for each in found
        if isinstance(each, type) and issubclass(each, Frozen) and each.__module__ == module
    ]


@pytest.mark.parametrize("module", MODULES)
def test_a_model_cannot_be_changed_and_takes_nothing_unknown(module: str) -> None:
    for model in models(module):
        assert model.model_config.get("frozen") is True, model
        assert model.model_config.get("extra") == "forbid", model


def test_there_are_models() -> None:
    assert sum(len(models(module)) for module in MODULES) > 100
