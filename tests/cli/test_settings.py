from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cbops.cli.settings import Settings, hoist

EVERYTHING = ("--config", "c.yaml", "--rollout=r1", "--format", "json", "--quiet", "--verbose", "--no-color")
AS_SET = Settings(Path("c.yaml"), "r1", "json", quiet=True, verbose=True, no_color=True)


@pytest.mark.parametrize("place", [0, 1, 2, 3, 4])
def test_global_options_work_at_every_place(place):
    words = ["monitor", "daily", "--day", "3"]
    hoisted = hoist([*words[:place], *EVERYTHING, *words[place:]], {})
    assert hoisted.settings == AS_SET
    assert hoisted.words == tuple(words)
    assert hoisted.problem is None


def test_what_follows_two_dashes_belongs_to_the_command():
    hoisted = hoist(["monitor", "note", "--", "--quiet", "--format"], {})
    assert hoisted.words == ("monitor", "note", "--", "--quiet", "--format")
    assert hoisted.settings == Settings()
    assert hoisted.problem is None


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["--format", "xml"], "--format is 'xml'"),
        (["--format="], "--format needs a value"),
        (["--format"], "--format needs a value"),
        (["--config", "--", "x"], "--config needs a value"),
        (["--rollout="], "--rollout needs a value"),
        (["--quiet=yes"], "--quiet takes no value"),
    ],
)
def test_a_wrong_global_option_is_a_problem_and_not_the_commands(argv, says):
    hoisted = hoist([*argv], {})
    assert says in hoisted.problem


def test_json_is_known_although_an_earlier_option_is_wrong():
    hoisted = hoist(["--quiet=1", "init", "--format=json"], {})
    assert hoisted.settings.format == "json"
    assert hoisted.problem == "--quiet takes no value"


def test_the_last_of_a_repeated_option_counts():
    assert hoist(["--format", "json", "init", "--format=text"], {}).settings.format == "text"


@pytest.mark.parametrize(("value", "meant"), [("1", True), ("", False), ("0", True)])
def test_no_color_of_the_environment_counts_when_it_is_not_empty(value, meant):
    assert hoist([], {"NO_COLOR": value}).settings.no_color is meant


@given(st.lists(st.sampled_from(["a", "--x", "--", "-q", "--day=3", *EVERYTHING])))
def test_no_word_is_lost_or_moved(argv):
    """What is left is a subsequence of what was given, and everything from `--` on is left."""
    words = hoist(argv, {}).words
    rest = iter(argv)
    assert all(word in rest for word in words)
    if "--" in words:
        assert words[words.index("--") :] == tuple(argv[len(argv) - len(words) + words.index("--") :])
