"""docs/doctor.md: every check that there is, and none that there isn't."""

from __future__ import annotations

import re
from typing import get_args

from cbops.model.answers.doctor import CheckGroup
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
STEPS = ROOT / "cbops" / "flows" / "steps" / "diagnosis"
CODE = "\n".join(
    path.read_text(encoding="utf-8") for path in [*STEPS.glob("*.py"), ROOT / "cbops/flows/doctor.py"]
)


def test_every_check_is_listed_in_its_group_in_the_order_of_the_groups() -> None:
    listed = re.findall(r"^\| (\w+) \| `(\w+)` \| \S", PAGE, re.MULTILINE)
    made = set(re.findall(r'Mark\("(\w+)", "(\w+)"', CODE))
    made |= {("clocks", name) for name in re.findall(r'clock_check\(\s*"(\w+)"', CODE)}
    assert set(listed) == made
    assert len(listed) == len(made)
    groups = list(dict.fromkeys(group for group, _ in listed))
    assert groups == list(get_args(CheckGroup))
