from __future__ import annotations

import pytest
import yaml

from cbops.clients.files import read_config
from cbops.clients.name_checks import LABELS, METRICS
from cbops.errors import ConfigError
from cbops.measure.names import ALERTS, KNOWN_LABELS, LATENCY, TENANT_NAMES, UP


def read(tmp_path, **metrics: object):
    text = yaml.safe_dump({"version": 1, "metrics": metrics})
    (tmp_path / "cbops.yaml").write_text(text, encoding="utf-8")
    return read_config(tmp_path / "cbops.yaml")


def test_the_names_that_may_be_remapped_are_those_that_are_measured():
    assert set(METRICS) == {*TENANT_NAMES, LATENCY, UP, ALERTS}
    assert set(LABELS) >= KNOWN_LABELS


def test_every_known_name_and_label_may_be_remapped(tmp_path):
    config = read(
        tmp_path,
        names={name: f"their_{name}" for name in METRICS},
        labels={label: f"their_{label}" for label in LABELS},
    )
    assert len(config.metrics.names) == len(METRICS)


@pytest.mark.parametrize(
    ("metrics", "said", "hint"),
    [
        (
            {"names": {"router_circuit_breaker_events_totl": "x"}},
            "metrics.names.router_circuit_breaker_events_totl is not known",
            "Did you mean 'router_circuit_breaker_events_total'?",
        ),
        ({"names": {"gateway_ms": "router_result_latency_ms"}}, "the documented name comes first", "Known there: "),
        ({"labels": {"tenant": "tenant_id"}}, "metrics.labels.tenant is not known", "Did you mean 'tenant_id'?"),
        ({"labels": {"tenant_id": ""}}, "metrics.labels.tenant_id is empty", ""),
        (
            {"labels": {"tenant_id": "id", "provider_id": "id"}},
            "metrics.labels reads provider_id and tenant_id both as id",
            "",
        ),
    ],
)  # fmt: skip
def test_an_entry_that_nothing_reads_is_an_error(tmp_path, metrics, said, hint):
    with pytest.raises(ConfigError) as raised:
        read(tmp_path, **metrics)
    assert said in raised.value.message
    assert hint in (raised.value.hint or "")
