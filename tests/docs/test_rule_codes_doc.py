"""docs/alerts.md lists every code that a check of rules can give, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8").split("## Checking rules\n")[1]
SOURCES = [*(ROOT / "cbops" / "measure" / "rules").glob("*.py"), ROOT / "cbops" / "clients" / "rule_files.py"]


def codes(tree: ast.AST) -> Iterator[str]:
    """The second argument of each Remark(…) and of each say(…)."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) > 1:
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if name in ("Remark", "say"):
                constants = (one for one in ast.walk(node.args[1]) if isinstance(one, ast.Constant))
                yield from (one.value for one in constants if isinstance(one.value, str))


def test_the_table_has_each_code() -> None:
    given = {code for path in SOURCES for code in codes(ast.parse(path.read_text(encoding="utf-8")))}
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)) == given
