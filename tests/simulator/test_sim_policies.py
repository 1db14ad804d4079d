"""What the practice router makes of a policy document: its check, its lenient reading, its dry run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator_worlds import CANARY, advance, enable, outage, world

from cbops.breaker import Circuits
from cbops.simulator import schema
from cbops.simulator.live import live_policy
from cbops.simulator.problems import CallRefusedError
from cbops.simulator.router import Router
from cbops.simulator.scenarios import SOUND

GOOD = {
    "version": "1.0",
    "providers": [{"name": "openai", "weight": 70}, {"name": "anthropic", "weight": 30}],
    "fallbacks": [{"when": {"status": ["timeout"]}, "to": "anthropic"}],
    "circuit_breaker": {
        "enabled": True,
        "timeout_ms": 1000,
        "latency_threshold_ms": None,
        "error_rate_threshold": 1,
    },
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "weight", "to", "when", "status", "enabled", "timeout_ms"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "version": ANYTHING,
        "providers": ANYTHING
        | st.lists(st.fixed_dictionaries({"name": ANYTHING, "weight": ANYTHING}), max_size=3),
        "fallbacks": ANYTHING | st.lists(st.fixed_dictionaries({"to": ANYTHING}), max_size=2),
        "circuit_breaker": ANYTHING
        | st.fixed_dictionaries({"enabled": st.just(True), "timeout_ms": ANYTHING}),
    },
)


def test_a_good_document_has_no_errors_and_no_warnings() -> None:
    assert schema.errors(GOOD) == ()
    assert schema.warnings(GOOD) == ()


@pytest.mark.parametrize("scenario_policy", [policy for spec in SOUND.tenants for policy in spec.policies])
def test_every_policy_of_the_scenarios_is_valid(scenario_policy) -> None:
    assert schema.errors(scenario_policy.document()) == ()


@pytest.mark.parametrize(
    ("key", "wrong", "path"),
    [
        ("version", None, "version"),
        ("version", 1.0, "version"),
        ("version", "1", "version"),
        ("version", "1.x", "version"),
        ("providers", None, "providers"),
        ("providers", [], "providers"),
        ("providers", ["openai"], "providers.0"),
        ("providers", [{"weight": 1}], "providers.0.name"),
        ("providers", [{"name": "", "weight": 1}], "providers.0.name"),
        ("providers", [{"name": "a"}], "providers.0.weight"),
        ("providers", [{"name": "a", "weight": 101}], "providers.0.weight"),
        ("providers", [{"name": "a", "weight": -1}], "providers.0.weight"),
        ("providers", [{"name": "a", "weight": True}], "providers.0.weight"),
        ("providers", [{"name": "a", "weight": "70"}], "providers.0.weight"),
        ("providers", [{"name": "a", "weight": 0}], "providers"),
        ("fallbacks", {}, "fallbacks"),
        ("fallbacks", ["x"], "fallbacks.0"),
        ("fallbacks", [{"to": "x"}], "fallbacks.0.when"),
        ("fallbacks", [{"when": {"status": "5xx"}, "to": "x"}], "fallbacks.0.when"),
        ("fallbacks", [{"when": {"status": []}}], "fallbacks.0.to"),
        ("circuit_breaker", True, "circuit_breaker"),
        ("circuit_breaker", {"enabled": "yes"}, "circuit_breaker.enabled"),
        ("circuit_breaker", {"timeout_ms": 1.5}, "circuit_breaker.timeout_ms"),
        ("circuit_breaker", {"failure_threshold": None}, "circuit_breaker.failure_threshold"),
        ("circuit_breaker", {"failure_threshold": True}, "circuit_breaker.failure_threshold"),
        ("circuit_breaker", {"success_threshold": 10**400}, "circuit_breaker.success_threshold"),
        ("circuit_breaker", {"error_rate_threshold": "0.5"}, "circuit_breaker.error_rate_threshold"),
        ("circuit_breaker", {"latency_threshold_ms": "5"}, "circuit_breaker.latency_threshold_ms"),
    ],
)
def test_a_wrong_value_is_named_by_its_path(key: str, wrong: object, path: str) -> None:
    assert path in [complaint.path for complaint in schema.errors({**GOOD, key: wrong})]


def test_unknown_keys_are_warned_of() -> None:
    document = {**GOOD, "sticki": 1, "circuit_breaker": {"enabeld": True}}
    assert [complaint.path for complaint in schema.warnings(document)] == [
        "sticki",
        "circuit_breaker.enabeld",
    ]
    assert schema.warnings({**GOOD, "circuit_breaker": 5}) == ()


@given(DOCUMENTS)
def test_any_document_can_be_checked_and_read(document: dict[str, object]) -> None:
    schema.errors(document)
    schema.warnings(document)
    live = live_policy(document)
    assert len(live.providers) == len(live.weights)
    for share in (0.0, 0.5, 0.999):
        assert not live.providers or live.choose(share) in live.providers
    if live.breaker is not None:
        assert Circuits().allow("t", "p", live.breaker, 0)


@given(DOCUMENTS)
def test_a_document_without_errors_has_a_provider(document: dict[str, object]) -> None:
    if not schema.errors(document):
        assert live_policy(document).providers


def test_what_the_router_does_not_know_it_passes_over() -> None:
    live = live_policy(
        {
            "providers": [{"name": "a", "weight": 1}, {"name": "b"}],
            "circuit_breaker": {"enabled": True, "typo": 1, "timeout_ms": "x"},
        }
    )
    assert (live.providers, live.breaker) == (("a",), {"enabled": True})
    assert live_policy({"circuit_breaker": {"enabled": "true"}}).breaker is None


def steps_of(router: Router, **context: object) -> tuple[str, str, str]:
    decided = router.dry_run(*CANARY, context)
    return decided.provider, decided.reason, decided.steps[-1]


def test_a_dry_run_follows_the_circuit_without_touching_it() -> None:
    router = Router(world(outages=(outage(10, 60),)))
    assert steps_of(router) == ("openai", "weighted", "the circuit breaker is not enabled, so it isn't asked")
    enable(router, timeout_ms=600_000)
    assert steps_of(router) == ("openai", "weighted", "the circuit of openai is closed")
    advance(router, minutes=12)
    page = router.metrics()
    assert steps_of(router) == ("anthropic", "circuit_breaker_fallback", "fallback to anthropic")
    assert router.metrics() == page
    router.disable_breakers()
    assert steps_of(router)[:2] == ("openai", "weighted")


def test_a_dry_run_without_a_fallback_sends_the_request_all_the_same() -> None:
    router = Router(world(fallback=None, outages=(outage(10, 60),)))
    enable(router, timeout_ms=600_000)
    advance(router, minutes=12)
    assert steps_of(router) == ("openai", "weighted", "no fallback, so the request is sent all the same")


def test_a_dry_run_lets_a_probe_through_once_the_timeout_has_passed() -> None:
    router = Router(world(rpm=0.001, outages=()))
    enable(router, failure_threshold=1)
    circuits = router._engine.circuits
    circuits.record(CANARY[0], "openai", "failure", router.now_ms)
    circuits.configure(CANARY[0], "openai", {"timeout_ms": 30_000}, router.now_ms)
    assert steps_of(router)[1] == "circuit_breaker_fallback"
    advance(router, seconds=30)
    assert steps_of(router)[1] == "weighted"
    block = router.policy(*CANARY).live.document["circuit_breaker"]
    for _ in range(3):
        assert circuits.allow(CANARY[0], "openai", block, router.now_ms)
    assert steps_of(router)[1] == "circuit_breaker_fallback"


def test_a_context_may_name_the_provider() -> None:
    router = Router(SOUND)
    assert router.dry_run("tenant_search", "default", {"provider_id": "anthropic"}).provider == "anthropic"
    assert router.dry_run("tenant_search", "default", {"provider_id": "nobody"}).provider == "openai"


def test_a_dry_run_of_a_policy_without_providers_is_refused() -> None:
    router = Router(world())
    router.put(*CANARY, {}, check=False)
    with pytest.raises(CallRefusedError, match="no provider"):
        router.dry_run(*CANARY, {})


def test_a_reload_a_write_and_a_restart_take_a_policy_up_anew():
    router = Router(SOUND)
    stamps = [router.loaded_at("tenant_canary", "canary_policy")]
    document = router.policy("tenant_canary", "canary_policy").live.document
    for act in (
        lambda: router.reload("tenant_canary", "canary_policy"),
        lambda: router.put("tenant_canary", "canary_policy", document),
        router.restart,
    ):
        router.advance_to(router.now_ms + 1000)
        act()
        stamps.append(router.loaded_at("tenant_canary", "canary_policy"))
    assert stamps == sorted(set(stamps))
