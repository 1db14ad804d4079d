from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.errors import PolicyError
from cbops.model.policy import (
    CANARY_BLOCK,
    Change,
    breaker_block,
    differences,
    fallback_targets,
    next_version,
    parse_block,
    parse_version,
    provider_weights,
    with_breaker,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc.", max_size=2), inner, max_size=3)
    ),
    max_leaves=8,
)
DOCUMENT = st.dictionaries(st.text("abc", min_size=1, max_size=2), JSON, max_size=4)


def test_what_is_left_out_has_the_routers_value():
    policy = parse_block({})
    assert policy.model_dump() == {
        "enabled": False,
        "failure_threshold": 5,
        "success_threshold": 2,
        "timeout_ms": 60000,
        "half_open_max_calls": 3,
        "error_rate_threshold": 0.5,
        "error_rate_window_seconds": 60,
        "latency_threshold_ms": None,
    }


def test_an_unknown_key_is_refused_with_what_was_meant():
    with pytest.raises(PolicyError, match="failure_treshold") as refused:
        parse_block({"failure_treshold": 3})
    assert "failure_threshold" in refused.value.hint


def test_an_unknown_key_like_nothing_lists_what_is_known():
    with pytest.raises(PolicyError) as refused:
        parse_block({"zzz": 3})
    assert "half_open_max_calls" in refused.value.hint


@pytest.mark.parametrize(
    "block", [{"failure_threshold": "5"}, {"enabled": 1}, {"timeout_ms": None}, {"timeout_ms": 1.5}]
)
def test_a_wrong_type_is_refused_by_name(block):
    with pytest.raises(PolicyError, match=next(iter(block))):
        parse_block(block)


def test_a_whole_number_is_a_rate_too():
    assert parse_block({"error_rate_threshold": 1}).error_rate_threshold == 1.0


@pytest.mark.parametrize(
    ("versions", "following"),
    [([], "1.0"), (["1.0"], "1.1"), (["1.9", "1.10", "1.2"], "1.11"), (["2.0", "1.99"], "2.1")],
)
def test_the_next_version_is_one_minor_step_above_the_highest(versions, following):
    assert next_version(versions) == following


@pytest.mark.parametrize("text", ["", "1", "1.", ".1", "v1.0", "1.0.0", "1.-1", "١.٠"])
def test_what_is_no_version_is_refused(text):
    with pytest.raises(PolicyError):
        parse_version(text)


@given(document=DOCUMENT)
def test_enabling_changes_the_block_and_nothing_else(document):
    changed = with_breaker(document, CANARY_BLOCK)
    assert breaker_block(changed) == CANARY_BLOCK
    assert {k: v for k, v in changed.items() if k != "circuit_breaker"} == {
        k: v for k, v in document.items() if k != "circuit_breaker"
    }


@given(document=DOCUMENT)
def test_a_document_does_not_differ_from_itself(document):
    assert differences(document, document) == ()


@given(before=DOCUMENT, after=DOCUMENT)
def test_different_documents_differ_somewhere_unless_only_by_empty_or_null_values(before, after):
    def bare(value):
        if isinstance(value, dict):
            kept = {k: bare(v) for k, v in value.items()}
            return {k: v for k, v in kept.items() if v is not None and v != {}} or None
        return value

    if bare(before) != bare(after):
        assert differences(before, after)


def test_a_difference_has_its_path_and_both_values():
    before = {"a": {"b": 1, "c": [1]}, "d": True}
    after = {"a": {"b": 2, "c": [1, 2]}, "d": 1, "e": {"f": 0}}
    assert differences(before, after) == (
        Change(path="a.b", before=1, after=2),
        Change(path="a.c", before=[1], after=[1, 2]),
        Change(path="d", before=True, after=1),
        Change(path="e.f", before=None, after=0),
    )


def test_providers_and_fallbacks_are_read_in_their_order():
    document = {
        "providers": [{"name": "b", "weight": 30}, {"name": "a", "weight": 70}, {"name": "c"}, "x"],
        "fallbacks": [{"when": {}, "to": "d"}, {"to": 1}, 5],
    }
    assert list(provider_weights(document).items()) == [("b", 30), ("a", 70), ("c", 0)]
    assert fallback_targets(document) == ("d",)
    assert provider_weights({"providers": "?"}) == {}
    assert fallback_targets({}) == ()


def test_a_block_that_is_no_object_counts_as_none():
    assert breaker_block({"circuit_breaker": "on"}) == {}
