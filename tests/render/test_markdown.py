from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from cbops.render.markdown import Markdown, escape, joined, json_block, phrase, safe
from cbops.render.text import one_line


def shown(markdown):
    """The words that a reader of the Markdown sees."""
    (inline,) = [t for t in MarkdownIt("commonmark").parse(f"x {markdown} x") if t.type == "inline"]
    return "".join(child.content for child in inline.children)[2:-2]


@pytest.mark.parametrize(
    "text",
    [
        "tenant-07",
        "canary_policy",
        "a.b",
        "1.4",
        "failure_threshold_exceeded",
        "50 % of 3",
        "R&D team",
        "p95 > 5 s",
        "-5",
    ],
)
def test_ordinary_names_and_numbers_stay_as_they_are(text):
    assert escape(text) == text


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a\nb", "a b"),
        ("_x_", "\\_x\\_"),
        ("a__b", "a\\_\\_b"),
        ("<b>", "&lt;b>"),
        ("&lt;", "&amp;lt;"),
        ("1. one", "1\\. one"),
        ("- one", "\\- one"),
        ("> one", "&gt; one"),
        ("", "(empty)"),
        (" \t\n", "(empty)"),
        ("\x1b[0m", "\N{REPLACEMENT CHARACTER}\\[0m"),
    ],
)
def test_what_would_be_structure_is_escaped(text, escaped):
    assert escape(text) == escaped


@given(st.text(max_size=40))
def test_a_reader_sees_the_text_as_it_was_written_on_one_line(text):
    assert shown(escape(text)) == (one_line(text) or "(empty)")


def test_markdown_is_not_escaped_twice():
    once = escape("*")
    assert safe(once) == once
    assert phrase("{} {}", once, "*") == "\\* \\*"
    assert joined([once, "*"], ", ") == "\\*, \\*"


def test_braces_in_a_value_are_no_places_for_further_values():
    assert phrase("{}", "{0}") == "\\{0\\}"


@given(
    st.dictionaries(
        st.text(max_size=8), st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=12)
    )
)
def test_a_json_block_is_one_fence_that_holds_the_same_document(document):
    (token,) = MarkdownIt("commonmark").parse(json_block(document))
    assert token.type == "fence"
    assert json.loads(token.content) == document


def test_a_fence_is_longer_than_the_backticks_inside():
    assert json_block({"a": "`````"}).startswith("``````json\n")


def test_text_of_any_language_stays_readable_in_json_and_tricks_do_not():
    block = json_block({"a": "日本é", "b": "\u202e\U000e0041"})
    assert "日本é" in block
    assert "\\u202e\\udb40\\udc41" in block


def test_markdown_is_a_plain_string_to_everyone_else():
    assert Markdown("x") == "x"
