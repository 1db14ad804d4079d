"""Where a secret may stand, and the settings that need one another."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from cbops.model.config import CriteriaConfig, ShadowConfig
from cbops.model.config_safeguards import FreezeConfig, in_right_order
from cbops.model.config_secrets import AuthConfig, SecretSource

PLACES = [("env", "TOKEN"), ("file", "admin.key"), ("keyring", "cbops/admin")]


@pytest.mark.parametrize(("kind", "name"), PLACES)
def test_a_secret_has_one_place(kind: str, name: str) -> None:
    assert SecretSource.model_validate({kind: name}).place == (kind, name)
    assert AuthConfig.model_validate({kind: name}).place == (kind, name)


@pytest.mark.parametrize("given", [{}, {"env": "A", "file": "b"}, {"file": "b", "keyring": "c/d"}])
def test_a_secret_without_a_place_or_with_two_is_refused(given: dict[str, str]) -> None:
    with pytest.raises(ValidationError, match="should name one of env, file and keyring"):
        SecretSource.model_validate(given)


def test_the_admin_key_stands_in_its_variable_unless_another_place_is_named() -> None:
    assert AuthConfig().place == ("env", "CBOPS_ADMIN_TOKEN")
    with pytest.raises(ValidationError, match="should name one of env and file"):
        AuthConfig.model_validate({"env": "A", "file": "b"})


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({}, "CBOPS_ADMIN_TOKEN"),
        ({"file": "admin.key"}, "the file admin.key"),
        ({"keyring": "cbops/admin"}, "the keyring's cbops/admin"),
    ],
)
def test_a_place_is_told_in_words(given: dict[str, str], words: str) -> None:
    assert AuthConfig.model_validate(given).where == words


def freeze(start: str, end: str) -> FreezeConfig:
    return FreezeConfig.model_validate({"name": "fair", "from": start, "to": end})


@pytest.mark.parametrize(
    ("start", "end", "why"),
    [
        ("2026-12-24", "2026-12-20", "it ends before it begins"),
        ("Fri 16:00", "2026-12-20", "one end is weekly and the other dated"),
        ("Fri 16:00", "Fri 16:00", "it ends when it begins"),
    ],
)
def test_a_freeze_that_has_no_length_is_refused_by_name(start: str, end: str, why: str) -> None:
    with pytest.raises(ValueError, match=f"the freeze 'fair': {why}"):
        in_right_order((freeze(start, end),))


def test_freezes_in_order_are_taken_as_they_are() -> None:
    freezes = (freeze("Fri 16:00", "Mon 08:00"), freeze("2026-12-20", "2026-12-24"))
    assert in_right_order(freezes) == freezes


def test_two_shadow_criteria_have_two_ids() -> None:
    one = {"id": "cost", "query": "x", "direction": "lower_is_better", "margin": "5 %"}
    assert ShadowConfig.model_validate(one).share == 0.05
    assert ShadowConfig.model_validate({**one, "margin": 2}).share is None
    with pytest.raises(ValidationError, match="two shadow criteria have the same id"):
        CriteriaConfig.model_validate({"shadow": [one, one]})
