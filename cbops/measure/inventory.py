"""What a metrics source has of the router: which metrics, in which dialect, split by which labels. Pure.

Everything is told from label sets alone, in documented names; no sample is read. Source: the table of metrics and
'Extra labels' in the domain description.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from cbops.measure.names import (
    DECISIONS,
    ERROR_RATE,
    EVENTS,
    KNOWN_LABELS,
    LATENCY_COUNT,
    LATENCY_PARTS,
    TENANT_NAMES,
    TRANSITIONS,
    documented_words,
    server_name,
)
from cbops.model.config import MetricsConfig
from cbops.model.rule_check import Found

Labels = Mapping[str, str]
# The five that the criteria need; the others are optional.
REQUIRED = (EVENTS, TRANSITIONS, DECISIONS, LATENCY_COUNT, ERROR_RATE)
_REPLICAS = frozenset(("replica", "prometheus_replica"))
_NEAR = 0.8
_TAKEN_TIME = ("latency", "duration")


@dataclass(frozen=True, slots=True)
class Split:
    """A label that the domain description doesn't name, and how many values it has where all else is the same."""

    label: str
    values: int


def documented_labels(config: MetricsConfig, found: Found) -> Found:
    """The same label sets in documented words."""
    if not config.labels:
        return found
    ours = documented_words(config)
    return Found(
        tuple({ours.get(key, key): value for key, value in one.items()} for one in found.series),
        complete=found.complete,
    )


def alike(metric: str, config: MetricsConfig, names: Iterable[str]) -> tuple[str, ...]:
    """Metrics of the server that may be this one under another name, the likeliest first; at most three.

    For the latency, histograms of anything that takes time. Never a metric that is another one of the router's.
    """
    free = sorted(set(names) - {server_name(config, each) for each in TENANT_NAMES})
    if metric in LATENCY_PARTS:
        families = [name.removesuffix("_bucket") for name in free if name.endswith("_bucket")]
        return tuple(one for one in families if any(word in one for word in _TAKEN_TIME))[:3]
    found = get_close_matches(metric, free, n=3, cutoff=_NEAR)
    found += [name for name in free if metric in name or (len(name) > 12 and name in metric)]
    return tuple(dict.fromkeys(found))[:3]


def splits(series: Sequence[Labels]) -> tuple[Split, ...]:
    """The labels that divide what is one series by the labels of the domain description; most values first."""
    groups: dict[frozenset[tuple[str, str]], list[Labels]] = {}
    for labels in series:
        known = frozenset((key, value) for key, value in labels.items() if key in KNOWN_LABELS)
        groups.setdefault(known, []).append(labels)
    values: dict[str, set[str]] = {}
    for group in groups.values():
        for label in _differing(group):
            values.setdefault(label, set()).update(one.get(label, "") for one in group)
    found = [Split(label, len(several)) for label, several in values.items()]
    return tuple(sorted(found, key=lambda one: (-one.values, one.label)))


def _differing(group: Sequence[Labels]) -> Iterable[str]:
    if len(group) < 2:
        return ()
    keys = {key for labels in group for key in labels if key not in KNOWN_LABELS and key != "__name__"}
    return [key for key in keys if len({labels.get(key) for labels in group}) > 1]


def is_replica(label: str) -> bool:
    """Whether a label is one that tells copies of the same samples apart, by the names that pairs of scraping
    servers give it. A Kubernetes `replicaset` is none: it changes with each deployment.
    """
    return label.lower().strip("_") in _REPLICAS


def tenants_of(series: Iterable[Labels]) -> Counter[str]:
    """How many series each tenant has."""
    return Counter(labels["tenant_id"] for labels in series if labels.get("tenant_id"))
