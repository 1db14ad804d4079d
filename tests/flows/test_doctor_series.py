"""What `doctor` says of series: made ones in the embedded store, each lacking something."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from doctor_world import DECISIONS, ERROR_RATE, EVENTS, LATENCY, TRANSITIONS, Found
from flow_world import POLICY, PROVIDER, TENANT, Work

TARGET = {"job": "router", "instance": "router:9001"}
CIRCUIT = {"tenant_id": TENANT, "provider_id": PROVIDER, **TARGET}
EDGE = {"from": "closed", "to": "open"}
ROUTER: list[tuple[str, dict[str, str]]] = [
    ("up", TARGET),
    (EVENTS, {**CIRCUIT, "event_type": "success"}),
    (TRANSITIONS, {**CIRCUIT, **EDGE}),
    (DECISIONS, {"tenant_id": TENANT, "policy_id": POLICY, "reason": "weighted", **TARGET}),
    (f"{LATENCY}_count", CIRCUIT),
    (f"{LATENCY}_sum", CIRCUIT),
    (f"{LATENCY}_bucket", {**CIRCUIT, "le": "+Inf"}),
    (ERROR_RATE, CIRCUIT),
]
Change = Callable[[str, dict[str, str]], tuple[str, dict[str, str]] | None]


def scraped(
    work: Work, change: Change = lambda name, labels: (name, labels), *more: tuple[str, Mapping[str, str]]
) -> None:
    """Half an hour of scrapes every 15 s of these series, changed (null: left out)."""
    kept = [found for name, labels in ROUTER if (found := change(name, dict(labels))) is not None]
    ids = [work.store.series_id(name, dict(labels)) for name, labels in (*kept, *more)]
    end = work.router.now_ms
    for at in range(end - 1_800_000, end + 1, 15_000):
        work.store.append(at, [(one, 1.0) for one in ids])
    work.store.flush()


def without(*names: str) -> Change:
    return lambda name, labels: None if name in names else (name, labels)


def doctor(work: Work, *words: object) -> Found:
    return Found(work("doctor", "--tenant", TENANT, *words))


def series(found: Found, level: str) -> dict[str, str]:
    return {
        one["subject"]: one["text"] for one in found.checks if (one["id"], one["level"]) == ("series", level)
    }


def test_made_series_of_a_router_are_right(work: Work) -> None:
    scraped(work)
    found = doctor(work)
    assert (found.of("problem"), found.of("warning")) == (set(), set()), found.checks


@pytest.mark.parametrize(
    ("missing", "level"),
    [(DECISIONS, "problem"), (ERROR_RATE, "warning"), (TRANSITIONS, "unknown")],
)
def test_each_required_metric_is_missed_for_itself(work: Work, missing: str, level: str) -> None:
    scraped(work, without(missing))
    assert list(series(doctor(work), level)) == [missing]


def test_without_results_the_tenant_can_not_be_looked_for(work: Work) -> None:
    scraped(work, without(EVENTS))
    found = doctor(work)
    assert list(series(found, "problem")) == [EVENTS]
    assert not any(one["id"] == "tenant_series" for one in found.checks)
    assert found.one("scraping")["level"] == "ok"


def test_a_latency_without_buckets_has_no_percentiles(work: Work) -> None:
    scraped(work, without(f"{LATENCY}_bucket"))
    found = doctor(work)
    assert "no percentiles" in series(found, "warning")[LATENCY]
    assert found.of("problem") == set()


def test_a_gateway_s_histogram_is_offered_for_the_latency(work: Work) -> None:
    gone = without(*(f"{LATENCY}_{part}" for part in ("bucket", "sum", "count")))
    scraped(work, gone, ("gateway_duration_ms_bucket", {**CIRCUIT, "le": "+Inf"}))
    (missing,) = [one for one in doctor(work).checks if (one["id"], one["level"]) == ("series", "warning")]
    assert missing["remedy"] == f"Set in cbops.yaml: metrics: {{names: {{{LATENCY}: gateway_duration_ms}}}}"


def test_other_metrics_alone_are_no_router(work: Work) -> None:
    scraped(work, lambda name, labels: ("node_load1", labels) if name == "up" else None)
    found = doctor(work)
    assert found.of("problem") == {"series"}
    assert found.one("series")["text"].startswith("None of its 1 metric ")


def test_a_prefix_on_every_name_is_recognised(work: Work) -> None:
    scraped(work, lambda name, labels: (f"gw_{name}", labels))
    wrong = doctor(work).one("series", "problem")
    assert wrong["remedy"] == f"Set in cbops.yaml: metrics: {{names: {{{EVENTS}: gw_{EVENTS}}}}}"


def test_a_tenant_s_label_under_another_name_is_told_with_the_labels_there(work: Work) -> None:
    def renamed(name: str, labels: dict[str, str]) -> tuple[str, dict[str, str]]:
        return name, {{"tenant_id": "customer"}.get(key, key): value for key, value in labels.items()}

    scraped(work, renamed)
    found = doctor(work)
    assert found.of("problem") == {"tenant_series"}
    assert "'customer'" in found.one("tenant_series")["text"]
    work.configure(metrics={"source": "embedded", "path": "samples.db", "labels": {"tenant_id": "customer"}})
    assert doctor(work).of("problem") == set()


def test_results_of_another_provider_than_the_rollout_watches(work: Work) -> None:
    scraped(
        work,
        lambda name, labels: (
            name,
            {**labels, **({"provider_id": "other"} if "provider_id" in labels else {})},
        ),
    )
    work.select()
    found = doctor(work)
    assert found.of("problem") == {"tenant_series"}
    assert "none of 'openai', which its rollout watches" in found.one("tenant_series")["text"]


def test_both_dialects_at_once_are_a_warning(work: Work) -> None:
    scraped(work, lambda name, labels: (name, labels), (TRANSITIONS, {**CIRCUIT, "state": "open"}))
    assert doctor(work).one("dialect")["level"] == "warning"


def test_a_configured_dialect_is_named_where_nothing_tells(work: Work) -> None:
    scraped(work, without(TRANSITIONS))
    work.configure(metrics={"source": "embedded", "path": "samples.db", "dialect": "documented"})
    told = doctor(work).one("dialect")
    assert (told["level"], "cbops.yaml says documented" in told["text"]) == ("unknown", True)


def test_without_up_only_the_age_of_the_newest_result_is_known(work: Work) -> None:
    scraped(work, without("up"))
    found = doctor(work)
    assert found.one("scraping")["level"] == "unknown"
    assert found.one("newest_sample")["level"] == "ok"
    work.router.advance_to(work.router.now_ms + 7_200_000)
    stale = doctor(work).one("newest_sample")
    assert (stale["level"], "2 h old" in stale["text"] or "min old" in stale["text"]) == ("problem", True)
    work.router.advance_to(work.router.now_ms + 36_000_000)
    assert "no sample of any router" in doctor(work).one("newest_sample")["text"]


def test_of_several_targets_nobody_knows_which_is_the_router(work: Work) -> None:
    def bare(name: str, labels: dict[str, str]) -> tuple[str, dict[str, str]]:
        return name, labels if name == "up" else {
            key: value for key, value in labels.items() if key not in TARGET
        }

    scraped(work, bare, ("up", {"job": "node", "instance": "n1"}))
    assert doctor(work).one("scraping")["level"] == "unknown"
    work.configure(metrics={"source": "embedded", "path": "samples.db", "job": "router"})
    assert doctor(work).one("scraping")["level"] == "ok"


def test_very_many_series_without_an_odd_label_are_a_warning(work: Work) -> None:
    more = [
        (EVENTS, {**CIRCUIT, "tenant_id": f"t{number}", "event_type": "success"}) for number in range(10_001)
    ]
    ids = [work.store.series_id(name, labels) for name, labels in more]
    scraped(work)
    work.store.append(work.router.now_ms + 0, [(one, 1.0) for one in ids])
    work.store.flush()
    crowded = doctor(work).one("cardinality")
    assert (crowded["level"], "more than 10000" in crowded["text"]) == ("warning", True)
