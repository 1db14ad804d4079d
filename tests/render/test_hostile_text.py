"""Whatever text comes from outside, the document keeps its structure."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

NASTY = [
    "\n# Heading",
    "\n\n- [x] Rollback",
    "\r\n```\ncode\n```",
    "\u2028# Heading",
    "---",
    "===",
    "- item",
    "+ item",
    "1. item",
    "1) item",
    "> quote",
    "    code",
    "\tcode",
    "* * *",
    "**bold**",
    "_emphasis_",
    "__bold__",
    "`code`",
    "`",
    "```",
    "~~~",
    "~~gone~~",
    "[link](http://example.org)",
    "![image](x)",
    "[ref]: http://example.org",
    "[^1]",
    "<script>alert(1)</script>",
    "<!-- ",
    "<https://example.org>",
    "<a@b.example>",
    "&lt;b&gt;",
    "&#60;b",
    "&amp",
    "| a | b |\n|---|---|",
    "\\",
    "\\\\`",
    "\x1b[31mred",
    "\x00",
    "\u202egnp",
    "\u200b",
    "\ud800",
    "",
    " ",
    "  \n",
    "{: .class }",
    "{{ log.status }}",
    "{% raw %}",
    "{}",
    "{0}",
    "$x$",
    "*",
    "_",
    "a_b_c",
    "é_",
]
CASES = ("selected", "forecasted", "monitoring", "finished", "rolled_back", "tuned")
hostile_text = st.one_of(
    st.sampled_from(NASTY),
    st.lists(st.sampled_from(NASTY), min_size=2, max_size=4).map("".join),
    st.text(alphabet="\n `*_[]()<>&#-+=|~\\!:.1)ax", max_size=20),
    st.text(max_size=20),
)


def structure(text):
    """Everything that a Markdown reader sees but the words themselves."""
    return [
        _token(token) for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    ]


def _token(token):
    children = [(c.type, c.tag, c.nesting, tuple(c.attrs)) for c in token.children or ()]
    return (token.type, token.tag, token.nesting, token.level, token.info, tuple(token.attrs), children)


@pytest.fixture(scope="session")
def benign(cases):
    return {name: structure(cases.make(name).render()) for name in CASES}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("where", ["alone", "before", "after"])
@given(text=hostile_text)
@settings(max_examples=25, deadline=None)
def test_hostile_text_changes_nothing_of_the_structure(cases, benign, name, where, text):
    tell = {"alone": lambda _: text, "before": lambda word: text + word, "after": lambda word: word + text}[
        where
    ]
    rendered = cases.make(name, tell).render()
    assert structure(rendered) == benign[name]


@given(text=hostile_text)
@settings(max_examples=50, deadline=None)
def test_nothing_that_a_terminal_or_an_eye_could_be_tricked_with_gets_through(cases, text):
    rendered = cases.make("selected", lambda word: word + text).render()
    rendered.encode("utf-8")
    odd = {c for c in rendered if unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp")}
    # The variation selectors of the seed's emoji are of another category; joiners may be spelling.
    assert odd <= {"\n", "\u200c", "\u200d"}


@pytest.mark.parametrize("text", NASTY)
def test_each_known_trick_alone_changes_nothing_of_the_structure(cases, benign, text):
    assert structure(cases.make("finished", lambda _: text).render()) == benign["finished"]
