from __future__ import annotations

import json

from tools.audit import judged, pins_of

PINS = pins_of("# a comment\nPyYAML==6.0\njaraco.classes==3.4\nhttpx==1.0\n")


def told(*lines: dict[str, object]) -> str:
    return json.dumps({"dependencies": list(lines)})


def test_what_was_looked_up_and_has_nothing_against_it_is_clean() -> None:
    lines = [{"name": name, "version": version, "vulns": []} for name, version in PINS.items()]
    audit = judged(PINS, told(*lines))
    assert (len(audit.clean), audit.vulnerable, audit.unknown, audit.exit_status) == (3, (), (), 0)


def test_what_was_not_looked_up_is_unknown_and_not_clean() -> None:
    audit = judged(
        PINS,
        told(
            {"name": "pyyaml", "version": "6.0", "vulns": []},
            {"name": "httpx", "skip_reason": "not found"},
        ),
    )
    assert audit.clean == ("pyyaml 6.0",)
    assert audit.unknown == ("jaraco-classes 3.4: it was not looked up", "httpx 1.0: not found")
    assert audit.exit_status == 2


def test_another_version_says_nothing_of_this_one() -> None:
    assert len(judged(PINS, told({"name": "httpx", "version": "0.9", "vulns": []})).unknown) == 3


def test_an_audit_that_failed_leaves_everything_unknown() -> None:
    for answer in ("", "no connection", "[]", '{"dependencies": null}'):
        audit = judged(PINS, answer)
        assert (audit.clean, len(audit.unknown), audit.exit_status) == ((), 3, 2)


def test_a_known_vulnerability_outranks_what_is_unknown() -> None:
    audit = judged(PINS, told({"name": "httpx", "version": "1.0", "vulns": [{"id": "X-1"}, {"id": "X-2"}]}))
    assert audit.vulnerable == ("httpx 1.0: X-1 X-2",)
    assert audit.exit_status == 1
