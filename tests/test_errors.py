from __future__ import annotations

import re

import pytest

from cbops import errors
from cbops.errors import CbopsError


def family(root: type[CbopsError]) -> list[type[CbopsError]]:
    return [root, *(each for child in root.__subclasses__() for each in family(child))]


KNOWN = family(CbopsError)[1:]


def test_the_tree_is_drawn_as_it_is():
    drawn = re.findall(r"[├└]── (\w+)", errors.__doc__ or "")
    assert drawn == [each.__name__ for each in KNOWN]


def test_every_code_is_its_own():
    codes = [each.code for each in KNOWN]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("error", KNOWN, ids=lambda each: each.__name__)
def test_every_error_has_a_promised_exit_status_and_a_hint(error):
    assert error.exit_status in (2, 3, 4, 5, 6, 7, 130)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", error.code)
    raised = error("what happened", hint="what to do")
    assert (str(raised), raised.message, raised.hint) == ("what happened", "what happened", "what to do")


@pytest.mark.parametrize("error", KNOWN, ids=lambda each: each.__name__)
def test_a_kind_of_error_exits_like_its_family(error):
    (parent,) = error.__bases__
    if parent is not CbopsError:
        assert error.exit_status == parent.exit_status
