"""Policy checks: the policy's document, its neighbours on the provider, and the bands of traffic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from cbops.breaker.checks.data import Subject
from cbops.model.checking import PolicyFinding
from cbops.model.policy import fallback_targets, provider_weights


class Band(NamedTuple):
    """What operators start from at this traffic: (least, most) of each field."""

    name: str
    failure_threshold: tuple[float, float]
    error_rate_threshold: tuple[float, float]
    error_rate_window_seconds: tuple[float, float]
    timeout_ms: tuple[float, float]


# Source: the threshold bands in the domain description.
LOW = Band("low traffic, under 100 req/min", (3, 5), (0.5, 0.5), (60, 60), (30_000, 30_000))
MEDIUM = Band("medium traffic, 100 to 1000 req/min", (5, 10), (0.5, 0.6), (60, 120), (30_000, 60_000))
HIGH = Band("high traffic, over 1000 req/min", (10, 20), (0.6, 0.7), (120, 300), (60_000, 120_000))


def band_of(rpm: float) -> Band:
    """The band of this many requests per minute."""
    if rpm < 100:
        return LOW
    return MEDIUM if rpm <= 1000 else HIGH


def outside_band(subject: Subject, field: str) -> Iterator[PolicyFinding]:
    """A threshold outside the band of the circuit's traffic; left out where the traffic is unknown."""
    busy = subject.facts.busy
    if busy is None:
        return
    band = band_of(busy.rpm)
    least, most = getattr(band, field)
    value = getattr(subject.settings, field)
    # What is not above 0 has rules of its own.
    if value > 0 and not least <= value <= most:
        usual = f"{least}" if least == most else f"{least} to {most}"
        yield PolicyFinding(
            code="outside_band",
            level="info",  # a start, not a limit; following another finding's fix may lead out of it
            sentence=f"{field} {value} is {'below' if value < least else 'above'} what operators start from at {busy}: "
            f"{usual} ({band.name})",
            fix=f"Set {field} to {usual}, unless a replay of the traffic shows that {value} does better.",
        )


def latency_inert(subject: Subject) -> Iterator[PolicyFinding]:
    """A latency threshold acts only on a failure, and only where the router has its gauge."""
    threshold = subject.settings.latency_threshold_ms
    if threshold is not None:
        yield PolicyFinding(
            code="latency_threshold_inert",
            level="warning",
            sentence=f"latency_threshold_ms {threshold} is judged only when a failure is recorded, and against one latency "
            "for the whole router, a gauge that may not be there: without it, it does nothing, and with it another "
            "tenant's or provider's latency can open this circuit",
            fix="Leave latency_threshold_ms out, and watch latency by the metrics.",
        )


def no_fallback(subject: Subject) -> Iterator[PolicyFinding]:
    """Nowhere to go for a denied request; left out where neither the facts nor the document tell."""
    document, known = subject.document, subject.facts.has_fallback
    if known or (known is None and document is None):
        return
    where = ""
    if known is None and document is not None:
        targets = fallback_targets(document)
        weighted = [name for name, weight in provider_weights(document).items() if weight > 0]
        alone = [name for name in weighted if all(to == name for to in targets)]
        if targets and not alone:
            return
        where = f" to another provider than {', '.join(alone)}" if alone else ""
    yield PolicyFinding(
        code="no_fallback",
        level="warning",
        sentence=f"the policy has no fallback{where}: a denied request is counted as fail_fast and still sent to the "
        "provider, so the breaker gains little",
        fix="Add a fallback to another provider before enabling the breaker.",
    )


def probes_together(subject: Subject) -> Iterator[PolicyFinding]:
    """Circuits that one outage opened half-open in the same moment."""
    tenants, settings = subject.facts.tenants_on_timeout, subject.settings
    if tenants is not None and tenants > 1 and settings.half_open_max_calls > 0:
        yield PolicyFinding(
            code="probes_together",
            level="warning",
            sentence=f"{tenants} tenants of the provider share timeout_ms {settings.timeout_ms}: after an outage that opened "
            f"all their circuits at once they probe it in the same moment, with up to "
            f"{tenants * settings.half_open_max_calls} requests per router instance",
            fix=f"Give the tenants different timeouts, for example {settings.timeout_ms} to "
            f"{settings.timeout_ms + max(settings.timeout_ms // 5, 1000)} ms in even steps.",
        )
