"""The alerts: the four of the domain description, and one for opens that last."""

from __future__ import annotations

from textwrap import dedent

from cbops.measure.rules import series
from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.rules import AlertRule

FAILURE_RATE = 0.5
PROVIDERS = 2
PROBES = 3
LASTING = "10m"


def alerts(words: Vocabulary) -> tuple[AlertRule, ...]:
    """In the order of the domain description; StayedOpen follows Opened."""
    return (_opened(words), _stayed_open(words), _failure_rate(words), _multiple(words), _probes(words))


def _asked(words: Vocabulary, record: str, condition: str = "") -> str:
    """A template's pipeline that asks for a recorded series of the alert's own circuit."""
    tenant, provider = words.label("tenant_id"), words.label("provider_id")
    query = f"{record}{{{tenant}=%q,{provider}=%q}}{condition}"
    return f"printf `{query}` $labels.{tenant} $labels.{provider} | query"


def _number(words: Vocabulary, record: str) -> str:
    """A template of its value."""
    return (
        f"{{{{ with {_asked(words, record)} }}}}{{{{ . | first | value }}}}{{{{ else }}}}unknown{{{{ end }}}}"
    )


def _circuit(words: Vocabulary) -> str:
    tenant, provider = words.label("tenant_id"), words.label("provider_id")
    return f"{{{{ $labels.{tenant} }}}} → {{{{ $labels.{provider} }}}}"


def _opened(words: Vocabulary) -> AlertRule:
    unclosed = _asked(words, series.CIRCUIT_UNCLOSED, " > 0")
    return AlertRule(
        alert="RouterCircuitBreakerOpened",
        expr=f"# opened in the last 5m, or open now\n{series.CIRCUIT_OPENS} > 0\nor\n{series.CIRCUIT_OPEN} > 0",
        hold="0s",
        severity="warning",
        summary=f"Circuit {_circuit(words)} opened",
        description=(
            f"Opens in the last 5 minutes: {_number(words, series.CIRCUIT_OPENS)}. "
            f"{{{{ with {unclosed} }}}}It has not closed yet, on {{{{ . | first | value }}}} router instance(s)."
            "{{ else }}It is closed again: a brief open.{{ end }}"
        ),
        runbook=dedent("""\
            Check: did the provider fail at that time? 'cbops canary status' shows the circuit, 'cbops monitor daily' the episodes with what explains each.
            Check: how much traffic was there? On a quiet tenant one failure is enough to open a circuit: 'cbops policy check'.
            Do: for a failure of the provider, declare it: cbops incident add --provider PROVIDER --from TIME --to TIME
            Do: for an open without one, say so: cbops episode classify ID unexpected --reason REASON. If it comes again, choose higher thresholds.
            """),
    )


def _stayed_open(words: Vocabulary) -> AlertRule:
    return AlertRule(
        alert="RouterCircuitBreakerStayedOpen",
        expr=f"# open, or half-open between failed probes, without a close\n{series.CIRCUIT_UNCLOSED} > 0",
        hold=LASTING,
        severity="warning",
        summary=f"Circuit {_circuit(words)} has not closed for {LASTING}",
        description=f"It opened and has not closed for at least {LASTING}, on {{{{ $value }}}} router instance(s).",
        runbook=dedent("""\
            Check: is the provider still down? Its own status page, and the error rate of other tenants on it.
            Check: is there any traffic? Only a request moves an open circuit to half-open; without one it stays open, harmlessly.
            Check: is it half-open and denies for ever? Probes that end as 4xx, cancelled or lost use up half_open_max_calls: 'cbops policy check' says whether the policy can wedge.
            Do: while the provider is down, see that requests reach the fallback; declare it: cbops incident add --provider PROVIDER --from TIME --to TIME
            Do: if the provider is healthy, free the circuit by an operator's call on the router, or take the breaker out: cbops rollback
            """),
    )


def _failure_rate(words: Vocabulary) -> AlertRule:
    return AlertRule(
        alert="RouterCircuitBreakerHighFailureRate",
        expr=f"# failure / (success + failure) over 5m\n{series.CIRCUIT_ERRORS} > {FAILURE_RATE}",
        hold="0s",
        severity="critical",
        summary=f"More than half of the results of {_circuit(words)} are failures",
        description=(
            f"{{{{ $value | humanizePercentage }}}} of {_number(words, series.CIRCUIT_RESULTS)} results "
            "in the last 5 minutes failed."
        ),
        runbook=dedent("""\
            Check: how many results are there? Of a handful, one failure is much; the description says how many.
            Check: is the circuit open? 'cbops canary status'. If it stays closed at this rate, the thresholds are too high, or the breaker is not asked: cbops policy check
            Check: do other tenants of the provider fail too? Then it is the provider, else this tenant's requests.
            Do: declare a failure of the provider: cbops incident add --provider PROVIDER --from TIME --to TIME
            Do: if requests fail since the breaker was enabled, and not because of the provider: cbops rollback
            """),
    )


def _multiple(words: Vocabulary) -> AlertRule:
    tenant = words.label("tenant_id")
    provider = words.label("provider_id")
    listed = f"printf `{series.CIRCUIT_OPEN}{{{tenant}=%q}} > 0` $labels.{tenant} | query"
    open_now = f'{listed} | sortByLabel "{provider}"'
    return AlertRule(
        alert="RouterCircuitBreakerMultipleProvidersOpen",
        expr=f"# providers of one tenant that are open now, on any router instance\n{series.TENANT_OPEN} >= {PROVIDERS}",
        hold="0s",
        severity="critical",
        summary=f"{{{{ $value }}}} providers of {{{{ $labels.{tenant} }}}} are open",
        description=(
            f"Open now:{{{{ range {open_now} }}}} {{{{ .Labels.{provider} }}}}{{{{ end }}}}. "
            "The tenant may have no provider left to fall back to."
        ),
        runbook=dedent("""\
            Check: is one of them a fallback of the other? Then requests have nowhere to go: 'cbops policy show' lists the fallbacks.
            Check: do the providers fail together (network, credentials, quota), or did the router's own network fail?
            Check: are requests denied or still sent? tenant:router_circuit_breaker_denied_without_fallback:increase5m counts those without a fallback.
            Do: mend what they share. If the providers are healthy, the breaker does the harm: cbops rollback
            Do: afterwards declare the incidents: cbops incident add --provider PROVIDER --from TIME --to TIME
            """),
    )


def _probes(words: Vocabulary) -> AlertRule:
    return AlertRule(
        alert="RouterCircuitBreakerHalfOpenProbesFailed",
        expr=f"# half_open→open in 10m\n{series.CIRCUIT_FAILED_PROBES} >= {PROBES}",
        hold="0s",
        severity="warning",
        summary=f"Circuit {_circuit(words)} opens again after every probe",
        description="Failed probes (half-open to open) in the last 10 minutes: {{ $value }}.",
        runbook=dedent("""\
            Check: is the provider still failing? Then the probes say what is true, and this is the breaker at work.
            Check: is timeout_ms shorter than the provider's recovery, or than the longest request? Late failures of before then decide the probe: cbops policy check
            Do: while the provider fails, nothing; declare it: cbops incident add --provider PROVIDER --from TIME --to TIME
            Do: if the provider is healthy, look at the failing requests themselves; choose a longer timeout_ms, or take the breaker out: cbops rollback
            """),
    )
