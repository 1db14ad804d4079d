from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest

from cbops.cli.schemas import answers, data_schema, documents, envelope_schema

FOLDER = Path(__file__).parents[2] / "docs" / "schemas"


def test_docs_schemas_is_what_the_models_say():
    published = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.json")}
    made = documents()
    assert sorted(published) == sorted(made), "run 'make schemas'"
    assert [name for name in made if published[name] != made[name]] == [], "run 'make schemas'"


@pytest.mark.parametrize("command", answers())
def test_every_schema_is_one(command):
    schema = data_schema(command)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["title"] == f"data of: cbops {command}"


GOOD = {"schema": 1, "command": "init", "ok": True, "data": {}, "warnings": [], "error": None}
ERROR = {"code": "usage", "message": "m", "hint": "h"}


@pytest.mark.parametrize(
    "change",
    [{}, {"ok": False, "data": None, "error": ERROR}, {"ok": False, "error": ERROR}, {"warnings": ["w"]}],
)
def test_the_envelope_takes_what_is_promised(change):
    jsonschema.validate(GOOD | change, envelope_schema())


@pytest.mark.parametrize(
    "change",
    [
        {"schema": 2},
        {"command": "nonsense"},
        {"ok": False},
        {"ok": True, "error": ERROR},
        {"data": None},
        {"more": 1},
        {"ok": False, "error": {"code": "usage"}},
    ],
)
def test_the_envelope_refuses_what_is_not(change):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(json.dumps(GOOD | change)), envelope_schema())
