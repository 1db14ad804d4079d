"""`policy check`: what a policy means in practice, and at this traffic."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Literal, TypeAlias

from cbops.breaker.checks import TrafficFacts, check_policy
from cbops.breaker.checks.data import percent
from cbops.errors import AdminMissingError, InputError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import AdminPort
from cbops.flows.steps.checks import (
    FACTS,
    NEIGHBOURS,
    OF_A_TRACE,
    VOLUME,
    Known,
    Metrics,
    counts,
    effective,
    finding_lines,
    neighbours,
    of_level,
    volume,
)
from cbops.flows.steps.wording import skipped_rows
from cbops.model.answers.checking import PolicyCheckAnswer
from cbops.model.base import JsonObject
from cbops.model.checking import Fact, PolicyFinding
from cbops.model.policy import breaker_block, enables_breaker, provider_weights
from cbops.model.traffic import TrafficSummary
from cbops.rollout.planning import live_version

# The facts of a trace, of how many requests, and what was read; asked for one tenant (null: any) and provider (null: any).
Read: TypeAlias = tuple[TrafficFacts, int, TrafficSummary]
TraceFacts: TypeAlias = Callable[[str | None, str | None], Read]
WORDS = {
    "mean_rpm": "mean req/min",
    "busiest_rpm": "req/min in the busiest hour",
    "quietest_rpm": "req/min in the quietest hour",
    "ignored_share": "share that the breaker ignores",
    "lost_share": "share lost",
    "longest_latency_ms": "longest latency in ms",
    "tenants_on_timeout": "tenants of the provider with this timeout_ms",
}


@dataclass(frozen=True, slots=True)
class Written:
    """A policy file: its name, the block as it stands there, and the document that holds it (null: none)."""

    name: str
    block: object
    document: JsonObject | None


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose policy and which circuit of it (null: unknown); `written` null: the live block is checked."""

    tenant: str | None
    policy: str | None
    provider: str | None
    written: Written | None


@dataclass(frozen=True, slots=True)
class Sources:
    """What can be asked. `metrics` null: `no_metrics` says why; `trace` comes before the metrics."""

    admin: AdminPort | None
    metrics: Metrics | None
    no_metrics: str
    trace: TraceFacts | None = None


@dataclass(frozen=True, slots=True)
class _Subject:
    """What is checked: the block, the document around it, and where both come from."""

    block: Mapping[str, Any]
    document: JsonObject | None
    block_from: Literal["live", "file"]
    document_from: Literal["live", "file", "unknown"]
    version: str | None = None
    enabled: bool = False  # by the live version


def check(asked: Asked, sources: Sources, warnings: tuple[str, ...] = ()) -> Outcome[PolicyCheckAnswer]:
    """The live policy, or what a file would make of it; without a tenant the file alone. Exits 7 for an error.

    Errors: AdminError where the live policy can't be asked, InputError where the trace has no such request.
    """
    subject = _subject(asked, sources.admin)
    provider = asked.provider or _first_provider(subject.document)
    known, more = _known(subject, asked.tenant, provider, sources)
    findings = check_policy(subject.block, subject.document, known.facts)
    listed = known.listed()
    return Outcome(
        data=PolicyCheckAnswer(
            tenant=asked.tenant,
            policy=asked.policy,
            provider=provider,
            version=subject.version,
            block_from=subject.block_from,
            document_from=subject.document_from,
            block=dict(subject.block),
            effective=effective(subject.block),
            findings=findings,
            facts=listed,
        ),
        headline=f"{_what(asked)}: {counts(findings)}",
        body=(
            _told(subject, provider),
            *finding_lines(findings),
            "  what is known of the traffic:",
            *_fact_lines(listed),
        ),
        warnings=(*warnings, *more),
        next_step=_next(asked, subject, findings),
        exit_status=7 if of_level(findings, "error") else 0,
    )


def _subject(asked: Asked, admin: AdminPort | None) -> _Subject:
    written = asked.written
    if asked.tenant is None or asked.policy is None or admin is None:
        if written is None:
            raise InputError("there is no policy to check", hint="Name one, or give --policy-file FILE.")
        return _of_a_file(written)
    live = live_version(admin.history(asked.tenant, asked.policy))
    if live is None:
        raise AdminMissingError(
            f"no version of {asked.tenant}/{asked.policy} is live",
            hint="See the versions in the router's admin API.",
        )
    enabled = enables_breaker(live.document)
    if written is None:
        return _Subject(breaker_block(live.document), live.document, "live", "live", live.version, enabled)
    # What enabling would write; a block that is none stays for the checks to find.
    document = {**live.document, "circuit_breaker": written.block}
    return _Subject(_mapping(written.block), document, "file", "live", live.version, enabled)


def _of_a_file(written: Written) -> _Subject:
    block = _mapping(written.block)
    if written.document is None:
        return _Subject(block, None, "file", "unknown")
    return _Subject(block, written.document, "file", "file")


def _mapping(block: object) -> Mapping[str, Any]:
    return block if isinstance(block, Mapping) else {}


def _first_provider(document: JsonObject | None) -> str | None:
    weights = provider_weights(document or {})
    return next((name for name, weight in weights.items() if weight > 0), None)


def _known(
    subject: _Subject, tenant: str | None, provider: str | None, sources: Sources
) -> tuple[Known, tuple[str, ...]]:
    """The traffic facts, and what a person must know of the trace besides."""
    known = Known().unknown(FACTS, "nobody was asked")
    warnings: tuple[str, ...] = ()
    if sources.trace is not None:
        known, warnings = _of_a_trace(known, sources.trace, tenant, provider)
    else:
        known = known.unknown(OF_A_TRACE, "counters don't tell: give a trace (--trace)")
        if tenant is None or provider is None:
            reason = "it is not known whose circuit it is"
            known = known.unknown(VOLUME, sources.no_metrics if tenant else reason)
        elif sources.metrics is None:
            known = known.unknown(VOLUME, sources.no_metrics)
        else:
            known = volume(known, sources.metrics, tenant, provider)
    timeout = effective(subject.block)["timeout_ms"]
    if sources.admin is None or tenant is None or provider is None:
        return known.unknown((NEIGHBOURS,), "the admin API was not asked"), warnings
    if isinstance(timeout, bool) or not isinstance(timeout, int):
        return known.unknown((NEIGHBOURS,), "timeout_ms has no usable value"), warnings
    return neighbours(known, sources.admin, tenant, provider, timeout), warnings


def _of_a_trace(
    known: Known, trace: TraceFacts, tenant: str | None, provider: str | None
) -> tuple[Known, tuple[str, ...]]:
    facts, requests, summary = trace(tenant, provider)
    if not requests:
        whose = f" of {tenant}" if tenant else ""
        whose += f" to {provider}" if provider else ""
        raise InputError(
            f"the trace has no request{whose} among its {summary.requests:,}",
            hint="Give the trace of this circuit; --provider names another one, --map the trace's columns.",
        )
    told = f"{requests:,} requests of the trace, {_files(summary)}"
    values = {name: getattr(facts, name) for name in (*VOLUME, *OF_A_TRACE)}
    reasons = {
        "mean_rpm": "the trace has no length",
        "busiest_rpm": "the trace is shorter than an hour",
        "quietest_rpm": "the trace is shorter than an hour",
        "ignored_share": "the trace has too few requests for a share",
        "lost_share": "the trace has too few requests for a share",
        "longest_latency_ms": "the trace has no result that the breaker records",
    }
    said = {name: told if value is not None else reasons[name] for name, value in values.items()}
    warnings = [*skipped_rows(summary)]
    if summary.denied_in_production:
        warnings.append(
            f"{summary.denied_in_production:,} requests that production's own breaker denied were left out of the traffic"
        )
    return known.with_facts(said, **values), tuple(warnings)


def _files(summary: TrafficSummary) -> str:
    return summary.files[0] if len(summary.files) == 1 else f"{len(summary.files)} files"


def _what(asked: Asked) -> str:
    if asked.tenant is not None:
        return f"{asked.policy} of {asked.tenant}"
    return asked.written.name if asked.written else "the policy"


def _told(subject: _Subject, provider: str | None) -> str:
    """What was checked."""
    block = "the live block" if subject.block_from == "live" else "the file's block"
    if subject.document_from == "unknown":
        return f"  checked: {block}; the policy around it is unknown"
    circuit = f", for the circuit to {provider}" if provider else ""
    if subject.document_from == "file":
        return f"  checked: {block} in the file's policy{circuit}"
    state = "enabled" if subject.enabled else "disabled"
    return f"  checked: {block} in the live {subject.version}, whose breaker is {state}{circuit}"


def _fact_lines(facts: tuple[Fact, ...]) -> tuple[str, ...]:
    """The figures; those beside one another with one source, or one reason to be unknown, share a line."""
    lines = []
    for (unknown, told), group in groupby(facts, lambda fact: (fact.value is None, fact.told)):
        figures = [WORDS[each.name] if unknown else f"{WORDS[each.name]} {_value(each)}" for each in group]
        lines.append(f"    {'unknown: ' * unknown}{', '.join(figures)} ({told})")
    return tuple(lines)


def _value(fact: Fact) -> str:
    value = fact.value or 0
    if fact.name.endswith("_share"):
        return percent(value)
    return f"{value:.4g}" if value < 10_000 else f"{value:.0f}"


def _next(asked: Asked, subject: _Subject, findings: tuple[PolicyFinding, ...]) -> str:
    if of_level(findings, "error"):
        return "Correct the errors and check again."
    file = f"--policy-file {asked.written.name}" if asked.written else ""
    if asked.tenant is None:
        return f"Check it in the live policy: cbops policy check TENANT POLICY {file}".rstrip()
    if subject.enabled:
        return f"See the whole policy: cbops policy show {asked.tenant} {asked.policy}"
    return f"See what enabling would change: cbops canary enable --dry-run {file}".rstrip()
