"""The JSON Schemas of the answers, made from the models; published under docs/schemas/."""

from __future__ import annotations

import functools
import json
import operator
from typing import Any

from pydantic import TypeAdapter

from cbops.cli.emit import SCHEMA
from cbops.cli.lazy import lazy
from cbops.cli.table import OTHER_ANSWERS, TABLE

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENVELOPE = "envelope"
WEBHOOK = {"ticket-webhook.json": "WebhookDocument", "ticket-webhook-answer.json": "WebhookAnswer"}


def answers() -> dict[str, str]:
    """Command → where the model of its data is."""
    return {entry.words: entry.answer for entry in TABLE} | OTHER_ANSWERS


def file_name(command: str) -> str:
    """`monitor daily` → `monitor-daily.json`."""
    return command.replace(" ", "-") + ".json"


def model_of(answer: str) -> Any:  # noqa: ANN401 - a model or a union of models
    """The class that `module:Class` names under cbops.model.answers, or the union of several."""
    classes = []
    for member in answer.split("|"):
        module, _, name = member.partition(":")
        classes.append(lazy(f"cbops.model.answers.{module}", name))
    return functools.reduce(operator.or_, classes)


def data_schema(command: str) -> dict[str, Any]:
    """What stands under `data` when the command succeeds."""
    made = TypeAdapter(model_of(answers()[command])).json_schema(mode="serialization", by_alias=True)
    return {"$schema": DIALECT, **made, "title": f"data of: cbops {command}"}


def envelope_schema() -> dict[str, Any]:
    """The whole document; `data` is described by the schema of the command."""
    error = {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "hint": {"type": "string"},
            "details": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["code", "message", "hint"],
        "additionalProperties": False,
    }
    properties = {
        "schema": {"const": SCHEMA},
        "command": {"enum": [*answers(), *sorted({e.group for e in TABLE if e.group}), "cbops"]},
        "ok": {"type": "boolean"},
        "data": {"type": ["object", "null"]},
        "warnings": {"type": "array", "items": {"type": "string"}},
        "error": {"oneOf": [{"type": "null"}, error]},
    }
    return {
        "$schema": DIALECT,
        "title": "every JSON answer of cbops",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        # Without an error there is data, and `ok` says which it is.
        "if": {"properties": {"ok": {"const": True}}},
        "then": {"properties": {"error": {"type": "null"}, "data": {"type": "object"}}},
        "else": {"properties": {"error": {"type": "object"}}},
    }


def _webhook_schema(name: str) -> dict[str, Any]:
    """What `ticket send` sends to a webhook, and what may be answered."""
    made = TypeAdapter(lazy("cbops.model.sending", name)).json_schema(mode="serialization", by_alias=True)
    return {"$schema": DIALECT, **made}


def documents() -> dict[str, str]:
    """File name → content, for all of docs/schemas/."""
    schemas = {file_name(ENVELOPE): envelope_schema()}
    schemas |= {file_name(command): data_schema(command) for command in answers()}
    schemas |= {name: _webhook_schema(model) for name, model in WEBHOOK.items()}
    return {name: json.dumps(schema, indent=2, ensure_ascii=False) + "\n" for name, schema in schemas.items()}
