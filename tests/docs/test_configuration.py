"""docs/configuration.md names every key with its default, and its examples are read as they stand."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from cbops.model.config import Config
from cbops.model.tenant import TenantsFile

PAGE = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| `([a-z0-9_.]+)` \| `([^`]+)` \| (.+) \|$", re.MULTILINE)


def defaults(model: BaseModel, prefix=""):
    """Every leaf of the configuration by its dotted path."""
    found = {}
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            found.update(defaults(value, f"{prefix}{name}."))
        else:
            found[prefix + name] = list(value) if isinstance(value, tuple) else value
    return found


def test_the_page_names_every_key_with_its_default_and_no_other():
    assert {key: json.loads(default) for key, default, _ in ROW.findall(PAGE)} == defaults(Config())


def test_the_page_names_each_key_once():
    keys = [key for key, _, _ in ROW.findall(PAGE)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("block", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_each_example_is_read_as_it_stands(block):
    document = yaml.safe_load(block)
    model = TenantsFile if "tenants" in document else Config
    assert model.model_validate(document) != model()
