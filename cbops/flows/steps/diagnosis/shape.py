"""How the router's series are shaped: which dialect, and how many of them for what reason."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.metrics import Survey
from cbops.flows.steps.diagnosis.words import some
from cbops.measure.inventory import Split, is_replica, splits
from cbops.measure.metrics import spoken_in
from cbops.measure.names import TRANSITIONS, server_name
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.config import MetricsConfig
from cbops.model.series import regex_literal
from cbops.model.telemetry import MetricDialect

MAX_SERIES = 10_000  # of one metric; more make a day slow to read
_DIALECT = Mark("metrics", "dialect", "the dialect")
_COUNT = Mark("metrics", "cardinality", "the number of series")
_COPIES = Mark("metrics", "copies", "copies of series")


def dialect_check(config: MetricsConfig, survey: Survey) -> DoctorCheck:
    """Metric by metric; what the configuration says otherwise hides nothing, but rules are written by it."""
    found = {metric: spoken_in(metric, one.series) for metric, one in survey.found.items()}
    told: dict[str, MetricDialect] = {metric: said for metric, said in found.items() if said is not None}
    kinds = set(told.values())
    numbers = {"configured": config.dialect, "metrics": told}
    if not told:
        return _DIALECT.unknown(
            "the dialect is not known: no circuit has moved, and nothing else tells it"
            + (f"; cbops.yaml says {config.dialect}" if config.dialect != "auto" else ""),
            **numbers,
        )
    if len(kinds) > 1 or "both" in kinds:
        each = ", ".join(f"{metric}: {said}" for metric, said in told.items())
        return _DIALECT.warning(
            f"the series are in two dialects ({each})",
            "Render a rule file for each: cbops alerts render --dialect router|documented --out FILE",
            **numbers,
        )
    spoken = kinds.pop()
    if config.dialect not in ("auto", spoken):
        return _DIALECT.problem(
            f"the series are in the {spoken} dialect, and cbops.yaml says {config.dialect}",
            f"Set in cbops.yaml: metrics: {{dialect: {spoken}}} (or auto)",
            **numbers,
        )
    by = server_name(config, TRANSITIONS if TRANSITIONS in told else next(iter(told)))
    return _DIALECT.ok(f"the series are in the {spoken} dialect, as the labels of {by} show", **numbers)


def cardinality_checks(config: MetricsConfig, survey: Survey) -> Iterator[DoctorCheck]:
    """How many series each metric has, and which labels split them."""
    counts = {metric: len(one.series) for metric, one in survey.found.items()}
    cut = sorted(metric for metric, one in survey.found.items() if not one.complete)
    exact = _counted(config, survey, cut) if cut else {}
    counts |= exact
    at_least = set(cut) - exact.keys()
    splitting = {metric: splits(one.series) for metric, one in survey.found.items()}
    yield from _copies(splitting)
    odd = [
        check
        for metric in survey.found
        if (check := _crowded(config, metric, counts[metric], splitting[metric], metric in at_least))
        is not None
    ]
    yield from odd
    if not odd:
        total, most = sum(counts.values()), max(counts, key=lambda metric: counts[metric])
        yield _COUNT.ok(
            f"the router's {len(counts)} metrics have {total} series, the most of them {server_name(config, most)} with "
            f"{counts[most]}",
            series=counts,
        )


def _counted(config: MetricsConfig, survey: Survey, metrics: list[str]) -> dict[str, int]:
    """How many series there are of metrics that have too many to list; one request."""
    if survey.server is None:
        return {}
    theirs = {server_name(config, metric): metric for metric in metrics}
    hours = max(1, round((survey.window.end - survey.window.start).total_seconds() / 3600))
    names = json.dumps("|".join(regex_literal(name) for name in theirs), ensure_ascii=False)
    query = f"count by (__name__) (last_over_time({{__name__=~{names}}}[{hours}h]))"
    answered = survey.server.values(query, survey.window.end)
    return {
        theirs[labels["__name__"]]: round(value)
        for labels, value in answered
        if labels.get("__name__") in theirs
    }


def _crowded(
    config: MetricsConfig,
    metric: str,
    count: int,
    found: tuple[Split, ...],
    more: bool,
) -> DoctorCheck | None:
    """A metric that an odd label splits, or that has very many series."""
    name, mark = server_name(config, metric), _COUNT.about(metric)
    extra = [one for one in found if not is_replica(one.label)]
    numbers = {"series": count, "exact": not more, "labels": {one.label: one.values for one in extra}}
    shown = f"at least {count}" if more else f"{count}"
    if extra:
        first = extra[0]
        return mark.warning(
            f"{name} has {shown} series, because the label {first.label} splits them (at least {first.values} values); "
            "counts stay right, but asking gets slow",
            f"Drop the label {first.label} at the scrape (metric_relabel_configs: labeldrop), or in the router.",
            **numbers,
        )
    if count > MAX_SERIES:
        return mark.warning(
            f"{name} has {shown} series, more than {MAX_SERIES}: asking gets slow",
            "Look at which label has so many values, and drop it at the scrape.",
            **numbers,
        )
    return None


def _copies(splitting: dict[str, tuple[Split, ...]]) -> Iterator[DoctorCheck]:
    """Copies of the same samples, which would be counted twice."""
    labels = {one.label for found in splitting.values() for one in found if is_replica(one.label)}
    if not labels:
        return
    metrics = [metric for metric, found in splitting.items() if any(one.label in labels for one in found)]
    yield _COPIES.problem(
        f"{len(metrics)} metrics come more than once, told apart by the label {some(sorted(labels))}: every count is a "
        "multiple of the true one",
        "Ask a query layer that removes such copies, or one of the scraping servers alone (metrics.url).",
        labels=sorted(labels),
        metrics=metrics,
    )
