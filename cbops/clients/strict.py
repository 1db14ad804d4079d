"""Files that people write, read strictly: what is unknown, doubled or too large is an error that names it."""

from __future__ import annotations

import difflib
import json
import typing
from collections.abc import Hashable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from cbops.clients.yaml_bounds import BoundedLoader
from cbops.errors import InputError

MAX_BYTES = 4 * 1024 * 1024
SHOWN_PROBLEMS = 5
_LONG_VALUE = 120  # characters of a wrong value or key in a message
REMEDY = "Correct the file and run the command again."
# How a file calls what the library calls by Python's names.
_SHAPES = {
    **dict.fromkeys(("tuple_type", "list_type"), "should be a list"),
    **dict.fromkeys(("dict_type", "model_type", "mapping_type"), "should be a mapping of keys to values"),
}

M = TypeVar("M", bound=BaseModel)
Location = tuple[int | str, ...]


class DoubledKeyError(yaml.MarkedYAMLError):
    """A key stands twice in one mapping; YAML's usual reading would drop the first in silence."""


class _StrictLoader(BoundedLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if isinstance(key, Hashable) and key in seen:
                raise DoubledKeyError(
                    problem=f"the key '{key}' stands twice", problem_mark=key_node.start_mark
                )
            if isinstance(key, Hashable):
                seen.add(key)
        made: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return made


def read_text(path: Path, error: type[InputError], missing: str) -> str:
    """The file's text in UTF-8. `missing` is the hint when there is no such file."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise error(f"there is no {path}", hint=missing) from None
    except IsADirectoryError:
        raise error(f"{path} is a folder, not a file", hint=missing) from None
    except OSError as refused:
        raise error(
            f"{path} cannot be read: {refused.strerror}", hint="Check its owner and permissions."
        ) from refused
    if len(raw) > MAX_BYTES:
        raise error(f"{path} is larger than {MAX_BYTES >> 20} MiB", hint="Is it the right file?")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise error(f"{path} is not UTF-8 (byte {wrong.start + 1})", hint="Save it as UTF-8.") from wrong


def parse_yaml(path: Path, text: str, error: type[InputError]) -> dict[str, Any]:
    """The mapping in a YAML file; an empty file is an empty one. A key without a value counts as left out."""
    try:
        loaded = yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - it is a safe loader
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark
        where = f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise error(f"{path}{where}: {wrong.problem or wrong.context or 'not YAML'}", hint=REMEDY) from wrong
    except (yaml.YAMLError, ValueError, RecursionError) as wrong:
        reason = "nested too deeply" if isinstance(wrong, RecursionError) else " ".join(str(wrong).split())
        raise error(f"{path}: {reason}", hint=REMEDY) from wrong
    if loaded is None:
        return {}
    if not isinstance(loaded, Mapping) or not all(isinstance(key, str) for key in loaded):
        raise error(f"{path} is not a mapping of keys to values", hint="See what 'cbops init' writes.")
    return {key: value for key, value in loaded.items() if value is not None}


def parse_json(path: Path, text: str, error: type[InputError]) -> object:
    """The JSON in a file; doubled keys and NaN are refused."""
    try:
        return json.loads(text, object_pairs_hook=_single, parse_constant=_no_constant)
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}"
        raise error(f"{path}, {where}: {wrong.msg}", hint=REMEDY) from wrong
    except (ValueError, RecursionError) as wrong:
        reason = "nested too deeply" if isinstance(wrong, RecursionError) else str(wrong)
        raise error(f"{path}: {reason}", hint=REMEDY) from wrong


def _single(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key '{key}' stands twice")
        found[key] = value
    return found


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def validate(model: type[M], data: object, path: Path, error: type[InputError], text: str | None = None) -> M:
    """The model, or an error that names every wrong key (of a YAML `text`: with its line) and the remedy."""
    try:
        return model.model_validate(data)
    except ValidationError as wrong:
        problems = wrong.errors(include_url=False)
        raise error(_message(data, problems, path, text), hint=_hint(model, problems)) from None


def _message(data: object, problems: Iterable[Any], path: Path, text: str | None) -> str:
    root = _compose(text)
    said: list[str] = []
    seen: set[Location] = set()
    for problem in problems:
        location = _named(data, problem)
        if location in seen:  # the other member of a union complains about the same value
            continue
        seen.add(location)
        line = _line(root, location)
        where = f" (line {line})" if line else ""
        key = _short(".".join(str(part) for part in location)) or "the file"
        said.append(f"{key}{where} {_complaint(problem, location)}")
    more = f"; and {len(said) - SHOWN_PROBLEMS} more" if len(said) > SHOWN_PROBLEMS else ""
    return f"{path}: {'; '.join(said[:SHOWN_PROBLEMS])}{more}"


def _complaint(problem: Any, location: Location) -> str:  # noqa: ANN401 - pydantic's ErrorDetails
    if problem["type"] == "extra_forbidden":
        return "is not known"
    if problem["type"] == "missing":
        return "is missing"
    said = _SHAPES.get(problem["type"]) or str(problem["msg"]).replace("Input should be", "should be")
    said = said.removeprefix("Value error, ")
    # A secret that was put into the wrong place must not be repeated on the screen.
    private = {"headers", "auth", "basic_auth"} & {str(part) for part in location}
    got = (
        ""
        if private or isinstance(problem["input"], Mapping | list)
        else f", not {_short(repr(problem['input']))}"
    )
    return said + got


def _short(text: str) -> str:
    return text if len(text) <= _LONG_VALUE else f"{text[:_LONG_VALUE]}…"


def _hint(model: type[BaseModel], problems: Iterable[Any]) -> str:
    for problem in problems:
        if problem["type"] == "extra_forbidden":
            *parents, key = problem["loc"]
            known = _fields(_model_at(model, tuple(parents)))
            near = difflib.get_close_matches(str(key), known, n=1)
            return f"Did you mean '{near[0]}'?" if near else f"Known there: {', '.join(known)}."
    return REMEDY


def _named(data: object, problem: Any) -> Location:  # noqa: ANN401 - pydantic's ErrorDetails
    """The location as the file has it, without the parts that pydantic adds for the members of a union."""
    kept: list[int | str] = []
    for part in problem["loc"]:
        in_list = isinstance(data, list | tuple) and isinstance(part, int)
        if in_list or (isinstance(data, Mapping) and part in data):
            data = data[part]  # type: ignore[index]
        elif problem["type"] != "missing" or part != problem["loc"][-1]:
            continue
        kept.append(part)
    return tuple(kept)


def _fields(model: type[BaseModel] | None) -> list[str]:
    if model is None:
        return []
    return [field.alias or name for name, field in model.model_fields.items()]


def _model_at(model: type[BaseModel], location: Location) -> type[BaseModel] | None:
    here: type[BaseModel] | None = model
    for part in location:
        if here is None or isinstance(part, int):
            continue
        by_alias = {field.alias or name: field for name, field in here.model_fields.items()}
        here = _model_in(by_alias[part].annotation) if part in by_alias else here
    return here


def _model_in(annotation: object) -> type[BaseModel] | None:
    """The model that an annotation is about: X, X | None, tuple[X, ...]."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inside = (_model_in(argument) for argument in typing.get_args(annotation))
    return next((found for found in inside if found is not None), None)


def _compose(text: str | None) -> yaml.Node | None:
    return None if text is None else yaml.compose(text, Loader=BoundedLoader)


def _line(node: yaml.Node | None, location: Location) -> int | None:
    """The line in which the value at that location stands, or the nearest one above it."""
    if node is None:
        return None
    line = None
    for part in location:
        key, node = _child(node, part)
        if node is None:
            break
        line = (key or node).start_mark.line + 1
    return line


def _child(node: yaml.Node, part: int | str) -> tuple[yaml.Node | None, yaml.Node | None]:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return None, node.value[part]
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    return None, None
