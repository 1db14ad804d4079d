"""`report templates`."""

from __future__ import annotations

from typing import Literal

from cbops.model.base import Frozen


class VariableAnswer(Frozen):
    """`name` as a template reaches it; `[]` stands for each of a list, `[…]` for an item by its name."""

    name: str
    kind: str


class TemplateAnswer(Frozen):
    """`origin` overridden: the file at `path` stands in for the shipped one; included: it is the user's alone."""

    name: str
    origin: Literal["shipped", "overridden", "included"]
    path: str | None
    problem: str | None
    variables: tuple[VariableAnswer, ...]


class TemplatesAnswer(Frozen):
    """`folder` null: none is configured."""

    folder: str | None
    templates: tuple[TemplateAnswer, ...]
