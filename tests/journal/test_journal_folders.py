"""Names of rollouts, and finding them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from journal_samples import opened, write_rollout

from cbops.errors import InputError
from cbops.journal.folders import find_rollouts, folder_of, slug


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("tenant-a", "tenant-a"),
        ("Tenant A / canary_policy", "tenant-a-canary_policy"),
        ("../../etc/passwd", "etc-passwd"),
        ("Café", "cafe"),
        ("v1.2", "v1.2"),
    ],
)
def test_a_name_is_made_safe(text: str, name: str) -> None:
    assert slug(text) == name


def test_names_in_other_scripts_stay_apart() -> None:
    assert slug("клиент-1") != slug("заказчик-1")


def test_two_long_names_stay_apart() -> None:
    assert slug("x" * 200 + "a") != slug("x" * 200 + "b")


@given(st.text())
def test_any_text_has_a_safe_name_that_is_its_own(text: str) -> None:
    name = slug(text)
    assert name == slug(name)
    assert 1 <= len(name) <= 80
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789._-")
    assert name[0] not in ".-"
    assert folder_of(Path("/rollouts"), name).parent == Path("/rollouts")


@given(st.text().filter(lambda text: slug(text) != text))
def test_an_id_that_is_no_safe_name_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        folder_of(Path("/rollouts"), text)


def test_rollouts_are_found_by_name_and_nothing_else_is(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write_rollout(tmp_path / name, [opened()])
    (tmp_path / "empty").mkdir()
    (tmp_path / "note.txt").write_text("x")
    (tmp_path / "link").symlink_to(tmp_path / "a")
    (tmp_path / "torn").mkdir()
    (tmp_path / "torn" / "journal.jsonl").write_bytes(b'{"v":')
    assert find_rollouts(tmp_path) == (tmp_path / "a", tmp_path / "b")
    assert find_rollouts(tmp_path / "nothing") == ()


def test_a_rollout_whose_journal_is_gone_is_still_found(tmp_path: Path) -> None:
    write_rollout(tmp_path / "a", [opened()])
    (tmp_path / "a" / "journal.jsonl").unlink()
    assert find_rollouts(tmp_path) == (tmp_path / "a",)
