from __future__ import annotations

import pytest

from cbops.model.anchor import Anchor, anchor_in, anchored


def test_an_anchor_is_found_again_in_the_comment_that_carries_it() -> None:
    anchor = Anchor("phase1-tenant_a-20250127", 12, "ab" * 32)
    assert anchor_in(anchored("enable the breaker", anchor)) == anchor


@pytest.mark.parametrize("comment", [None, "", "enable the breaker", "[journal of a trip]"])
def test_a_comment_without_an_anchor_has_none(comment: str | None) -> None:
    assert anchor_in(comment) is None
