"""`report templates`: what there is to override, with what, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from cbops.flows.outcome import Outcome
from cbops.flows.steps.wording import plural
from cbops.model.answers.templates import TemplateAnswer, TemplatesAnswer, VariableAnswer
from cbops.render.variables import TemplateFound, templates_found

_WORDS = {"shipped": "shipped", "overridden": "overridden", "included": "your own"}


def templates(own: Path | None, wanted: str | None) -> Outcome[TemplatesAnswer]:
    """All templates, or those whose name holds `wanted`, then with their variables in the text too."""
    found = tuple(each for each in templates_found(own) if wanted is None or wanted in each.name)
    mine = sum(each.path is not None for each in found)
    return Outcome(
        data=TemplatesAnswer(
            folder=str(own) if own else None, templates=tuple(_answer(each) for each in found)
        ),
        headline=f"{plural(len(found), 'template')}, {mine} of them from "
        + (f"{own}." if own else "a folder of your own (templates in cbops.yaml names none)."),
        body=tuple(line for each in found for line in _lines(each, variables=wanted is not None)),
        warnings=tuple(f"the template {each.path}: {each.problem}" for each in found if each.problem),
        next_step="See the variables of one: cbops report templates NAME"
        if wanted is None
        else "Put a file of that name into the folder of templates, then: cbops report log --stdout",
    )


def _answer(found: TemplateFound) -> TemplateAnswer:
    return TemplateAnswer(
        name=found.name,
        origin=found.origin,
        path=str(found.path) if found.path else None,
        problem=found.problem,
        variables=tuple(VariableAnswer(name=each.name, kind=each.kind) for each in found.variables),
    )


def _lines(found: TemplateFound, *, variables: bool) -> list[str]:
    number = plural(len(found.variables), "variable")
    line = f"  {found.name:<33} {_WORDS[found.origin]:<10}  {number}"
    return [line, *(f"    {each.name:<45} {each.kind}" for each in found.variables if variables)]
