"""The router's JSON logs, in the shapes that routers and log shippers write."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cbops.clients import router_logs
from cbops.clients.router_logs import read_router_logs
from cbops.errors import InputError
from cbops.model.base import to_ms
from cbops.simulator.transition_log import TransitionLog

AT = datetime(2025, 1, 27, 9, 0, 0, 500_000, tzinfo=UTC)
ISO = "2025-01-27T09:00:00.500Z"
MOVE = {"tenant_id": "canary", "provider_id": "openai", "from": "closed", "to": "open"}


def written(folder: Path, *lines: object, name: str = "router.log") -> str:
    path = folder / name
    path.write_text("".join((x if isinstance(x, str) else json.dumps(x)) + "\n" for x in lines), "utf-8")
    return str(path)


def only(path: str):
    (found,) = read_router_logs([path], "canary").transitions
    return found


def test_the_practice_routers_line(tmp_path):
    line = {
        "timestamp": ISO, "level": "info", "event": "circuit_breaker_state_transition", **MOVE,
        "reason": "failure_threshold_exceeded", "instance": "router:9001",
    }  # fmt: skip
    found = only(written(tmp_path, line))
    assert (found.at, found.provider, found.source, found.target) == (AT, "openai", "closed", "open")
    assert (found.reason, found.instance) == ("failure_threshold_exceeded", "router:9001")


def test_the_practice_routers_own_file(tmp_path):
    path = tmp_path / "router.log"
    with TransitionLog(path) as log:
        log.started(to_ms(AT), "127.0.0.1:9001")
        log.transition("canary", "openai", to_ms(AT), "closed", "open", "error_rate_threshold_exceeded")
    facts = read_router_logs([str(path)], "canary")
    assert (facts.lines, facts.unread, facts.start) == (2, 0, AT)
    assert facts.transitions[0].instance == "127.0.0.1:9001"


@pytest.mark.parametrize(
    "line",
    [
        {"ts": ISO, "metadata": MOVE},
        {"time": ISO, "fields": {"tenant": "canary", "provider": "openai", "from_state": "CLOSED", "to_state": "Open"}},
        {"@timestamp": ISO, "context": {"tenant": "canary", "provider": "openai", "new_state": "open"}},
        {"timestamp": ISO, "msg": {"event": {"what": MOVE}}},
        {"log": json.dumps({"ts": ISO, **MOVE}), "stream": "stdout"},
        {"timestamp": ISO, "msg": "circuit state changed", "tenant_id": "canary", "provider_id": "openai", "state": "open"},
        {"timestamp": AT.timestamp(), **MOVE},
        {"timestamp": AT.timestamp() * 1e3, **MOVE},
        {"timestamp": int(AT.timestamp() * 1e6), **MOVE},
        {"timestamp": str(int(AT.timestamp() * 1e9)), **MOVE},
        {"timestamp": "no time", "time": ISO, **MOVE},
    ],
    ids=["metadata", "fields", "context", "nested", "docker", "state", "s", "ms", "us", "ns", "second"],
)  # fmt: skip
def test_each_shape_tells_the_same(tmp_path, line):
    found = only(written(tmp_path, line))
    assert (found.at, found.provider, found.target) == (AT, "openai", "open")


@pytest.mark.parametrize(
    "line",
    [
        {"timestamp": ISO, "tenant_id": "canary", "provider_id": "openai", "state": "open", "msg": "denied"},
        {"timestamp": ISO, "tenant_id": "canary", "provider_id": "openai", "from": "1.0", "to": "1.1"},
        {"timestamp": ISO, "tenant_id": "canary", "to": "open"},
        {"timestamp": ISO, "provider_id": "openai", "to": "open"},
        {"timestamp": ISO, "tenant_id": 7, "provider_id": "openai", "to": "open"},
        {"timestamp": ISO, "a": {"b": {"c": {"d": {"e": {"f": {"g": MOVE}}}}}}},
    ],
    ids=["a denied call", "a version", "no provider", "no tenant", "a number", "too deep"],
)
def test_what_is_no_transition_isnt_one(tmp_path, line):
    assert read_router_logs([written(tmp_path, line)], "canary").transitions == ()


def test_the_nearest_word_to_the_top_counts(tmp_path):
    line = {"timestamp": ISO, **MOVE, "metadata": {"provider_id": "anthropic", "to": "closed"}}
    assert (only(written(tmp_path, line)).provider, only(written(tmp_path, line)).target) == (
        "openai",
        "open",
    )


def test_other_tenants_are_counted_and_left_out(tmp_path):
    other = {"timestamp": ISO, **MOVE, "tenant_id": "other"}
    facts = read_router_logs([written(tmp_path, other)], "canary")
    assert (facts.transitions, facts.others) == ((), 1)


def test_lines_that_tell_nothing_are_counted_and_not_fatal(tmp_path):
    hello = {"timestamp": "2025-01-28T00:00:00Z", "msg": "hello"}
    path = written(
        tmp_path, "plain text", "[1, 2]", '{"cut":', '{"a":' * 50_000, "", "x" * (router_logs.MAX_LINE * 2 + 9),
        {"timestamp": ISO, **MOVE}, MOVE, hello, '"\\ud800"', "9" * 5000,
    )  # fmt: skip
    facts = read_router_logs([path], "canary")
    assert (facts.lines, facts.unread, len(facts.transitions)) == (10, 8, 1)
    assert (facts.start, facts.end) == (AT, datetime(2025, 1, 28, tzinfo=UTC))


def test_globs_and_packed_files_are_read_once_each(tmp_path):
    written(tmp_path, {"timestamp": ISO, **MOVE})
    (tmp_path / "router.log.1.gz").write_bytes(
        gzip.compress(json.dumps({"ts": "2025-01-27T09:00:01Z", **MOVE}).encode())
    )
    found = read_router_logs([str(tmp_path / "router.log*"), str(tmp_path / "router.log")], "canary")
    assert [Path(name).name for name in found.files] == ["router.log", "router.log.1.gz"]
    assert (found.lines, len(found.transitions)) == (2, 2)


def test_a_line_that_was_shipped_twice_is_one_transition(tmp_path):
    line = {"timestamp": ISO, **MOVE, "host": "a"}
    assert len(read_router_logs([written(tmp_path, line, line)], "canary").transitions) == 1


def test_a_copy_of_a_file_tells_nothing_twice(tmp_path):
    for name in ("router.log", "router.log.1"):
        path = written(tmp_path, {"timestamp": ISO, **MOVE}, {"timestamp": ISO, **MOVE}, name=name)
    assert len(read_router_logs([path, f"{tmp_path}/*"], "canary").transitions) == 2


def test_files_cover_what_lies_between_their_lines_and_a_missing_one_nothing(tmp_path):
    for name, times in {"a": (10, 100), "b": (130, 200), "d": (900, 950)}.items():
        written(tmp_path, *({"ts": 1_738_000_000 + each} for each in times), name=f"router.{name}.log")
    facts = read_router_logs([str(tmp_path / "*.log")], "canary")
    covered = [
        (to_ms(one.start) // 1000 - 1_738_000_000, to_ms(one.end) // 1000 - 1_738_000_000)
        for one in facts.covered
    ]
    assert covered == [(10, 200), (900, 950)]
    assert (facts.start, facts.end) == (facts.covered[0].start, facts.covered[-1].end)


def test_zstandard_where_its_library_is(tmp_path):
    library = pytest.importorskip("zstandard")
    path = tmp_path / "router.log.zst"
    packed = library.compress(json.dumps({"ts": ISO, **MOVE}).encode() * 1)
    path.write_bytes(packed)
    assert only(str(path)).at == AT
    path.write_bytes(packed[:-5])
    with pytest.raises(InputError, match="can't be read"):
        read_router_logs([str(path)], "canary")


def test_what_cannot_be_a_log_is_refused_with_what_was_looked_for(tmp_path):
    for lines in (["plain text"], [{"msg": "no time"}]):
        with pytest.raises(InputError) as error:
            read_router_logs([written(tmp_path, *lines)], "canary")
        assert "tenant_id" in error.value.hint
    (tmp_path / "cut.gz").write_bytes(gzip.compress(b"{}" * 1000)[:-9])
    for name, told in (("cut.gz", "can't be read"), ("none*", "no such file"), (".", "is a folder")):
        with pytest.raises(InputError, match=told):
            read_router_logs([str(tmp_path / name)], "canary")


def test_a_flood_of_transitions_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(router_logs, "MAX_TRANSITIONS", 3)
    monkeypatch.setattr(router_logs, "MAX_FILES", 1)
    flood = [{"timestamp": f"2025-01-27T09:00:0{n}Z", **MOVE} for n in range(5)]
    with pytest.raises(InputError, match="more than 3 transitions"):
        read_router_logs([written(tmp_path, *flood)], "canary")
    written(tmp_path, *flood, name="second.log")
    with pytest.raises(InputError, match="more than 1"):
        read_router_logs([str(tmp_path / "*.log")], "canary")


@pytest.mark.parametrize("time", [-5, 0, True, 1e30, 9e18, "", "x" * 500, None, [], "1e400", "nan"])
def test_a_time_that_is_none_places_nothing(tmp_path, time):
    path = written(tmp_path, {"timestamp": time, **MOVE}, {"ts": ISO})
    assert read_router_logs([path], "canary").transitions == ()
