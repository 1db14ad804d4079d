"""The JSON document: the same whether Pydantic writes it or Python does."""

from __future__ import annotations

import json

import pytest

from cbops.cli.emit import _written


def document(data):
    return {
        "schema": 1,
        "command": "replay run",
        "ok": True,
        "data": data,
        "warnings": [],
        "error": None,
    }


@pytest.mark.parametrize(
    "data",
    [
        {"transitions": [{"at": "2025-01-27T09:00:00.000Z", "number": 1}] * 3, "empty": [], "none": {}},
        {"quoted": '"\\/\b\f\n\r\t\x1f', "negative": -1, "rate": 0.25, "whole": 2.0, "large": 2**63},
        {"words": "5 Ω – not ASCII", "beyond": "😀"},
        {"name of a file": "a\udce4.jsonl"},
        {"words": "NaN and Infinity"},
        None,
    ],
)
def test_an_answer_is_indented_ascii_json(data):
    written = _written(document(data))
    assert written == json.dumps(document(data), indent=2, allow_nan=False)
    assert json.loads(written) == document(data)


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_what_json_has_no_number_for_is_refused(number):
    with pytest.raises(ValueError, match="Out of range"):
        _written(document({"rate": number}))
