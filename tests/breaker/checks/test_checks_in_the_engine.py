"""Every code of the policy checks: what it says is what the real engine does, and the fix ends it.

One case a code. `shows` plays the behaviour in the engine that production runs and returns whether it happened.
"""

from __future__ import annotations

import ast
import inspect
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from check_blocks import BLOCKS, FACTS
from hypothesis import given
from hypothesis import settings as profile

from cbops.breaker import Breaker, Circuits, Trace, checks, rehearse, replay
from cbops.breaker.checks import CODES, TrafficFacts, check_policy
from cbops.breaker.settings import resolve
from cbops.errors import PolicyError
from cbops.model.policy import CANARY_BLOCK, with_breaker
from cbops.simulator.decision import dry_run
from cbops.simulator.store import StoredVersion

PAGE = Path(__file__).parents[3] / "docs" / "checks.md"
HOUR = 3_600_000


@dataclass(frozen=True)
class Situation:
    """A block, the document around it, and the traffic."""

    block: dict[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    document: dict[str, Any] | None = None

    def codes(self) -> set[str]:
        """What the checks say, but what is merely good to know of a risk that is small."""
        said = check_policy(self.block, self.document, TrafficFacts(**self.facts))
        return {each.code for each in said if each.level != "info" or CODES[each.code].levels == ("info",)}


@dataclass(frozen=True)
class Case:
    """`bad` has the finding and shows the behaviour; `good`, with the fix applied, has and shows neither.

    `cured` false: the fix takes away what is pointless, so the engine does the same with and without.
    """

    bad: Situation
    good: Situation
    shows: Callable[[Situation], bool]
    cured: bool = True


def canary(**numbers: object) -> dict[str, Any]:
    return {**CANARY_BLOCK, **numbers}


def moves(block: dict[str, Any], rows: list[tuple[int, int, str]]) -> list[tuple[int, str, str]]:
    """(time, state, reason) of each transition."""
    found = replay(block, Trace.from_rows(rows)).transitions
    return [(at, target, reason) for at, _, target, reason in found]


def first_reason(block: dict[str, Any], outcomes: str, every_ms: int = 1) -> str | None:
    rows = [(number * every_ms, 0, outcome) for number, outcome in enumerate(outcomes)]
    return next((reason for _, _, reason in moves(block, rows)), None)


def recover(block: dict[str, Any], outcomes: str, gap: int = 1) -> Breaker:
    """A circuit opened at 0 and asked again when its timeout is over; each admitted probe ends so at once."""
    breaker = Breaker(block)
    while breaker.state == "closed":
        breaker.record_failure(0)
    now = breaker.policy.timeout_ms
    for outcome in outcomes:
        if breaker.allow(now) and outcome == "s":
            breaker.record_success(now)
        now += gap
    return breaker


def refused(situation: Situation) -> bool:
    try:
        Breaker(situation.block)
    except PolicyError:
        return True
    return False


def wedges_often(situation: Situation) -> bool:
    """More than one recovery in fifty hangs in half-open, with as many lost probes as the facts say."""
    draw = random.Random(3)
    share = situation.facts["lost_share"]
    ends = ["".join("l" if draw.random() < share else "s" for _ in range(20)) for _ in range(2000)]
    return sum(recover(situation.block, each).state == "half_open" for each in ends) > 40


def reopens_on_the_next_failure(situation: Situation) -> bool:
    """An outage opens it, good probes close it, and then there is one failure."""
    breaker = recover(situation.block, "s" * situation.block["success_threshold"])
    assert breaker.state == "closed"
    breaker.record_failure(breaker.policy.timeout_ms + 10)
    return breaker.state == "open"


def flaps(situation: Situation) -> bool:
    """It opens again and again in an hour of a request a second of which every 25th fails."""
    rows = [(at * 1000, 0, "f" if at % 25 == 0 else "s") for at in range(1, 3600)]
    return sum(state == "open" for _, state, _ in moves(situation.block, rows)) > 50


def closes_while_a_probe_fails(situation: Situation) -> bool:
    outage = [(0, 0, "f"), (1, 0, "f"), (2, 0, "f")]
    states = [s for _, s, _ in moves(situation.block, [*outage, (1002, 10, "s"), (1003, 500, "f")])]
    return states[:3] == ["open", "half_open", "closed"]


def late_results_close_it(situation: Situation) -> bool:
    """Two answers to requests of before the opening close it; its own probe never ends."""
    rows = [(0, 2500, "s"), (0, 2500, "s"), *[(1, 0, "f")] * 3, (2000, 10_000, "l")]
    return moves(situation.block, rows)[-1][:2] == (2500, "closed")


def denied_is_sent_all_the_same(situation: Situation) -> bool:
    """An open circuit denies; where the request goes then."""
    assert situation.document is not None
    document = with_breaker(situation.document, situation.block)
    circuits = Circuits()
    circuits.allow("t1", "openai", situation.block, 0)
    circuits.record("t1", "openai", "failure", 0)
    assert not circuits.allow("t1", "openai", situation.block, 1)
    version = StoredVersion(
        version="1.0", document=document, created_at="2025-01-27T00:00:00.000Z", created_by="test"
    )
    return dry_run("t1", version, {}, circuits, 1, asked=True).provider == "openai"


def all_probe_at_once(situation: Situation) -> bool:
    """More requests than one circuit's probes reach the provider in the moment the timeout is over.

    Four tenants; those that don't share the timeout have a longer one.
    """
    shared, timeout = situation.facts["tenants_on_timeout"], situation.block["timeout_ms"]
    timeouts = [timeout if number < shared else timeout + 2000 * number for number in range(4)]
    circuits = Circuits()
    admitted = 0
    for number, ms in enumerate(timeouts):
        block = {**situation.block, "timeout_ms": ms}
        circuits.allow(f"t{number}", "openai", block, 0)
        circuits.record(f"t{number}", "openai", "failure", 0)
        admitted += sum(circuits.allow(f"t{number}", "openai", block, timeout) for _ in range(5))
    return admitted > resolve(situation.block).half_open_max_calls


def latency_changes_nothing(situation: Situation) -> bool:
    slow = Trace.from_rows([(at * 5000, 60_000, "ssssf"[at % 5]) for at in range(300)])
    return replay(situation.block, slow) == replay({**situation.block, "latency_threshold_ms": None}, slow)


def blips_open_it(situation: Situation) -> bool:
    """Eight failures within a quarter of a second of 2000 requests a minute."""
    return first_reason(situation.block, "s" * 2000 + "f" * 8 + "s" * 200, 30) is not None


STREAK = {"failure_threshold": 3, "error_rate_threshold": 2, "timeout_ms": 1000, "success_threshold": 2}
CLEAN = {"timeout_ms": 61_000}  # the window is empty of old failures when it closes
LULL = [(0, 0, "s"), (15_000, 0, "s"), (30_000, 0, "s"), (91_000, 0, "f")]
TWO = {"providers": [{"name": "openai", "weight": 100}]}
HIGH = {"failure_threshold": 15, "error_rate_threshold": 0.6, "error_rate_window_seconds": 120}

CASES: dict[str, Case] = {
    "unknown_key": Case(
        Situation({"sucess_threshold": 3}),
        Situation({"success_threshold": 3, "half_open_max_calls": 4}),
        refused,
    ),
    "wrong_type": Case(Situation({"timeout_ms": "30000"}), Situation({"timeout_ms": 30_000}), refused),
    "threshold_out_of_range": Case(
        Situation(canary(error_rate_threshold=0, failure_threshold=99)),
        Situation(canary(error_rate_threshold=0.5, failure_threshold=99)),
        lambda it: first_reason(it.block, "s" * 500 + "f") is not None,
    ),
    "never_closes": Case(
        Situation(canary(success_threshold=4)),
        Situation(canary(success_threshold=4, half_open_max_calls=5)),
        lambda it: not rehearse(it.block).passed,
    ),
    "window_zero": Case(
        Situation(canary(error_rate_window_seconds=0)),
        Situation(canary(error_rate_window_seconds=60)),
        lambda it: first_reason(it.block, "s" * 5000 + "f") == "error_rate_threshold_exceeded",
    ),
    "wedge_risk": Case(
        Situation(STREAK, {"lost_share": 0.2, "ignored_share": 0}),
        Situation({**STREAK, "half_open_max_calls": 5}, {"lost_share": 0.2, "ignored_share": 0}),
        wedges_often,
    ),
    "no_lost_probe_tolerance": Case(
        Situation(canary(half_open_max_calls=2)),
        Situation(canary(half_open_max_calls=3)),
        lambda it: recover(it.block, "l" + "s" * 1000).state == "half_open",
    ),
    "single_failure_opens": Case(
        Situation(canary(), {"quietest_rpm": 4}),
        Situation(canary(error_rate_window_seconds=120), {"quietest_rpm": 4}),
        lambda it: moves(it.block, LULL) == [(91_000, "open", "error_rate_threshold_exceeded")],
    ),
    "rate_never_acts": Case(
        Situation(canary(error_rate_threshold=50, failure_threshold=1000)),
        Situation(canary(error_rate_threshold=0.5, failure_threshold=1000)),
        lambda it: first_reason(it.block, "f" * 999) is None,
    ),
    "consecutive_shadowed": Case(
        Situation(canary(), {"busiest_rpm": 4, "quietest_rpm": 4}),
        Situation(canary(failure_threshold=2), {"busiest_rpm": 4, "quietest_rpm": 4}),
        lambda it: first_reason(it.block, "s" * 4 + "f" * 5) == "error_rate_threshold_exceeded",
    ),
    "stale_streak": Case(
        Situation(STREAK),
        Situation({**STREAK, "error_rate_threshold": 0.5}),
        lambda it: (
            moves(it.block, [(0, 0, "f"), (2 * HOUR, 0, "f"), (9 * HOUR, 0, "f")])[0][2]
            == "failure_threshold_exceeded"
        ),
    ),
    "residue_reopens": Case(
        Situation(canary(timeout_ms=59_000, failure_threshold=3)),
        Situation(canary(timeout_ms=60_001, failure_threshold=3)),
        reopens_on_the_next_failure,
    ),
    "flapping": Case(Situation(canary(failure_threshold=1)), Situation(canary(failure_threshold=3)), flaps),
    "closes_while_probing": Case(
        Situation({**STREAK, "success_threshold": 1}), Situation(STREAK), closes_while_a_probe_fails
    ),
    "timeout_below_latency": Case(
        Situation(STREAK, {"longest_latency_ms": 2500}),
        Situation({**STREAK, "timeout_ms": 2500}, {"longest_latency_ms": 2500}),
        late_results_close_it,
    ),
    "no_fallback": Case(
        Situation(canary(), document=TWO),
        Situation(canary(), document={**TWO, "fallbacks": [{"when": {"status": [503]}, "to": "anthropic"}]}),
        denied_is_sent_all_the_same,
    ),
    "probes_together": Case(
        Situation(canary(), {"tenants_on_timeout": 4}),
        Situation(canary(), {"tenants_on_timeout": 1}),
        all_probe_at_once,
    ),
    "latency_threshold_inert": Case(
        Situation(canary(latency_threshold_ms=100)), Situation(canary()), latency_changes_nothing, cured=False
    ),
    "outside_band": Case(
        Situation({**CANARY_BLOCK, "timeout_ms": 60_000}, {"busiest_rpm": 2000}),
        Situation({**HIGH, "timeout_ms": 60_000}, {"busiest_rpm": 2000}),
        blips_open_it,
    ),
}

every_code = pytest.mark.parametrize("code", CODES)


@every_code
def test_what_the_code_says_happens_in_the_engine(code: str) -> None:
    case = CASES[code]
    assert code in case.bad.codes()
    assert case.shows(case.bad)


@every_code
def test_with_the_fix_applied_neither_is_left(code: str) -> None:
    case = CASES[code]
    assert code not in case.good.codes()
    assert case.shows(case.good) is not case.cured


def test_there_is_no_case_without_a_code() -> None:
    assert list(CASES) == list(CODES)


def test_the_codes_are_those_that_the_rules_write() -> None:
    folder = Path(inspect.getfile(checks)).parent
    written = {
        keyword.value.value
        for path in folder.glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "PolicyFinding"
        for keyword in node.keywords
        if keyword.arg == "code" and isinstance(keyword.value, ast.Constant)
    }
    assert written == set(CODES)


@given(block=BLOCKS, facts=FACTS)
@profile(max_examples=200)
def test_every_finding_is_of_a_level_that_its_code_can_have(
    block: dict[str, Any], facts: TrafficFacts
) -> None:
    for finding in check_policy(block, {}, facts):
        assert finding.level in CODES[finding.code].levels


def test_the_page_of_the_checks_lists_every_code_as_the_code_has_it() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert rows == [(name, ", ".join(code.levels), code.means, code.of) for name, code in CODES.items()]
    domain = (PAGE.parent / "domain.md").read_text(encoding="utf-8")
    assert {code.of for code in CODES.values()} <= set(re.findall(r"^## (.+)$", domain, re.MULTILINE))
