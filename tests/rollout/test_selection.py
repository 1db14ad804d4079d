from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cbops.model.observation import State
from cbops.model.plan import Candidate, TrafficFigures
from cbops.model.policy import PolicyVersion
from cbops.model.tenant import Owner, Tenant, TenantsFile
from cbops.rollout.selection import unmet, weigh_candidates

OWNER = Owner(name="Ada", contact="ada@acme.example", responsive=True)
ACME = Tenant(id="acme", critical=False, owner=OWNER, policies=("chat",))
DOCUMENT = {
    "version": "1.0",
    "providers": [{"name": "openai", "weight": 70}, {"name": "anthropic", "weight": 30}],
    "fallbacks": [{"when": {"status": ["5xx"]}, "to": "anthropic"}],
}
LOW = TrafficFigures(busiest_rpm=40, mean_rpm=12.5)


def live(document=None) -> PolicyVersion:
    return PolicyVersion(version="1.0", document=DOCUMENT if document is None else document, is_active=True)


def weigh(
    tenant: Tenant | None = ACME,
    document=None,
    traffic: TrafficFigures | None = LOW,
    circuit: State | None = "closed",
) -> Candidate:
    """The best candidate of the one tenant."""
    return weigh_candidates(
        {("acme", "chat"): live(document)},
        TenantsFile(tenants=(tenant,) if tenant else ()),
        {("acme", "chat"): traffic},
        {("acme", "openai"): circuit, ("acme", "anthropic"): circuit},
        100,
    )[0]


def verdict(candidate: Candidate, criterion: str) -> str:
    (found,) = [reason.verdict for reason in candidate.reasons if reason.criterion == criterion]
    return found


def reason(candidate: Candidate, criterion: str) -> str:
    (found,) = [reason.reason for reason in candidate.reasons if reason.criterion == criterion]
    return found


def missing(candidate: Candidate) -> list[str]:
    return [weighed.criterion for weighed in unmet(candidate)]


def test_a_sound_candidate_has_every_reason_for_it():
    candidate = weigh()
    assert [weighed.verdict for weighed in candidate.reasons] == ["for"] * 6
    assert candidate.eligible
    assert missing(candidate) == []
    assert (candidate.busiest_rpm, candidate.mean_rpm, candidate.owner) == (40, 12.5, OWNER)


def test_every_reason_says_whether_it_is_required():
    required = [weighed.criterion for weighed in weigh().reasons if weighed.required]
    assert sorted(required) == ["breaker", "criticality", "owner", "traffic"]


def test_the_busiest_hour_counts_and_not_the_mean():
    candidate = weigh(traffic=TrafficFigures(busiest_rpm=100, mean_rpm=3))
    assert missing(candidate) == ["traffic"]
    assert not candidate.eligible
    assert weigh(traffic=TrafficFigures(busiest_rpm=99.9, mean_rpm=99)).eligible


def test_a_tenant_without_data_is_unknown_and_not_low_traffic():
    candidate = weigh(traffic=None)
    assert verdict(candidate, "traffic") == "unknown"
    assert missing(candidate) == ["traffic"]
    assert candidate.busiest_rpm is None


def test_no_requests_at_all_is_low_traffic_with_nothing_to_observe():
    candidate = weigh(traffic=TrafficFigures(busiest_rpm=0, mean_rpm=0))
    assert verdict(candidate, "traffic") == "for"
    assert "nothing to observe" in reason(candidate, "traffic")


def test_a_critical_tenant_is_not_eligible():
    candidate = weigh(tenant=ACME.model_copy(update={"critical": True}))
    assert verdict(candidate, "criticality") == "against"
    assert missing(candidate) == ["criticality"]


def test_a_tenant_that_is_not_in_the_file_has_unknown_criticality_and_owner():
    candidate = weigh(tenant=None)
    assert missing(candidate) == ["criticality", "owner"]
    assert [verdict(candidate, name) for name in ("criticality", "owner")] == ["unknown", "unknown"]
    assert "acme isn't in it" in reason(candidate, "owner")


def test_what_the_file_does_not_say_is_unknown():
    candidate = weigh(tenant=Tenant(id="acme"))
    assert missing(candidate) == ["criticality", "owner"]


def test_an_owner_of_whom_nobody_has_said_is_unknown():
    candidate = weigh(tenant=ACME.model_copy(update={"owner": Owner(name="Ada")}))
    assert (verdict(candidate, "owner"), missing(candidate)) == ("unknown", ["owner"])


def test_an_unresponsive_owner_is_against():
    candidate = weigh(tenant=ACME.model_copy(update={"owner": Owner(name="Ada", responsive=False)}))
    assert (verdict(candidate, "owner"), missing(candidate)) == ("against", ["owner"])


def test_a_breaker_that_is_enabled_already_is_against():
    candidate = weigh(document={**DOCUMENT, "circuit_breaker": {"enabled": True}})
    assert missing(candidate) == ["breaker"]
    assert weigh(document={**DOCUMENT, "circuit_breaker": {"enabled": False}}).eligible


def test_without_a_fallback_a_tenant_is_still_eligible_and_ranks_lower():
    candidate = weigh(document={**DOCUMENT, "fallbacks": []})
    assert verdict(candidate, "fallback") == "against"
    assert candidate.eligible
    assert candidate.score < weigh().score


def test_a_fallback_to_the_same_provider_is_none():
    document = {**DOCUMENT, "fallbacks": [{"to": "openai"}]}
    found = weigh_candidates({("acme", "chat"): live(document)}, TenantsFile(), {}, {}, 100)
    verdicts = {candidate.target.provider: verdict(candidate, "fallback") for candidate in found}
    assert verdicts == {"openai": "against", "anthropic": "for"}


def test_a_circuit_that_is_open_already_is_advice_against():
    for state in ("open", "half_open"):
        candidate = weigh(circuit=state)
        assert verdict(candidate, "circuit") == "against"
        assert candidate.eligible
    assert verdict(weigh(circuit=None), "circuit") == "unknown"


def test_each_provider_with_a_weight_is_a_candidate_the_heaviest_first():
    document = {
        **DOCUMENT,
        "providers": [*DOCUMENT["providers"], {"name": "idle", "weight": 0}, {"name": "odd"}],
    }
    document["fallbacks"] = [{"to": "third"}]
    found = weigh_candidates({("acme", "chat"): live(document)}, TenantsFile(), {}, {}, 100)
    assert [candidate.target.provider for candidate in found] == ["openai", "anthropic"]


def test_a_policy_without_a_live_version_or_providers_makes_no_candidate():
    policies = {("acme", "chat"): None, ("acme", "mail"): live({}), ("acme", "odd"): live({"providers": [7]})}
    assert weigh_candidates(policies, TenantsFile(), {}, {}, 100) == ()


def test_the_eligible_come_first_then_the_unknown_then_those_against():
    policies = {(tenant, "p"): live() for tenant in ("against", "unknown", "eligible", "weak")}
    tenants = TenantsFile(
        tenants=tuple(
            Tenant(id=name, critical=critical, owner=OWNER)
            for name, critical in [("against", True), ("unknown", None), ("eligible", False), ("weak", False)]
        )
    )
    traffic = {(tenant, "p"): LOW for tenant in ("against", "unknown", "eligible", "weak")}
    circuits: dict[tuple[str, str], State | None] = {
        (tenant, provider): "open" if tenant == "weak" else "closed"
        for tenant in ("against", "unknown", "eligible", "weak")
        for provider in ("openai", "anthropic")
    }
    found = weigh_candidates(policies, tenants, traffic, circuits, 100)
    ranked = list(dict.fromkeys(candidate.target.tenant for candidate in found))
    assert ranked == ["eligible", "weak", "unknown", "against"]


def test_under_the_limit_the_busier_tenant_comes_first():
    policies = {("a", "p"): live(), ("b", "p"): live()}
    traffic = {("a", "p"): LOW, ("b", "p"): TrafficFigures(busiest_rpm=90, mean_rpm=50)}
    found = weigh_candidates(policies, TenantsFile(), traffic, {}, 100)
    assert found[0].target.tenant == "b"


@given(st.permutations([(tenant, policy) for tenant in "ab" for policy in "xyz"]))
def test_the_order_does_not_depend_on_that_of_the_input(keys):
    policies = {key: live() for key in keys}
    found = weigh_candidates(policies, TenantsFile(tenants=(ACME,)), {}, {}, 100)
    assert [(each.target.tenant, each.target.policy) for each in found[:6]] == [
        (tenant, policy) for tenant in "ab" for policy in "xyz"
    ]


@given(
    rpm=st.none() | st.floats(0, 300),
    critical=st.none() | st.booleans(),
    responsive=st.none() | st.booleans(),
    enabled=st.booleans(),
    fallback=st.booleans(),
    circuit=st.sampled_from([None, "closed", "open", "half_open"]),
)
def test_only_the_required_reasons_decide_and_they_outrank_all_advice(
    rpm, critical, responsive, enabled, fallback, circuit
):
    document = {**DOCUMENT, "circuit_breaker": {"enabled": enabled}}
    if not fallback:
        document["fallbacks"] = []
    candidate = weigh(
        tenant=Tenant(id="acme", critical=critical, owner=Owner(name="Ada", responsive=responsive)),
        document=document,
        traffic=None if rpm is None else TrafficFigures(busiest_rpm=rpm, mean_rpm=rpm),
        circuit=circuit,
    )
    sound = rpm is not None and rpm < 100 and critical is False and responsive is True and not enabled
    assert candidate.eligible == sound == (not unmet(candidate))
    assert (candidate.score >= 0) == sound
