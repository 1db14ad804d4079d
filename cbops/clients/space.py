"""A search space from a YAML file."""

from __future__ import annotations

from pathlib import Path

from cbops.clients.strict import parse_yaml, read_text, validate
from cbops.errors import InputError
from cbops.model.space import SearchSpace


def read_space(path: Path) -> SearchSpace:
    """The space in a file; InputError names the key, its line and what to do."""
    text = read_text(path, InputError, "Give a YAML file with the values of each field: docs/tuning.md.")
    space = validate(SearchSpace, parse_yaml(path, text, InputError), path, InputError, text)
    if not space.fields:
        raise InputError(
            f"{path} names no field to search", hint=f"Known are {', '.join(SearchSpace.model_fields)}."
        )
    return space
