"""How requests fare: error rates, the breaker's window, providers, the canary against others, alerts, coverage."""

from __future__ import annotations

from cbops.measure.names import EVENTS, LATENCY_COUNT, LATENCY_SUM
from cbops.measure.panels.counting import RANGE, RATE, block, counted, over, share, stepped
from cbops.measure.panels.states import state
from cbops.measure.panels.words import CIRCUIT, Words
from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.dashboard import BoardPanel, BoardQuery, DashboardSettings


def _failures(words: Words, window: str) -> str:
    return counted(words, words.event("failure"), window)


def _results(words: Words, window: str) -> str:
    kind = words.everyone.label("event_type")
    both = f'{words.events[:-1]},{kind}=~"success|failure"}}'
    return over(stepped(words, both, words.circuit), window)


def error_rate(words: Words, settings: DashboardSettings) -> BoardPanel:
    """With the policy's threshold as a line."""
    return BoardPanel(
        id=11,
        title="Error rate",
        description=(
            "Failures / (successes + failures) of each circuit, counted from the samples over a few scrapes; fail-fasts are not "
            f"results. The line is the policy's error_rate_threshold, {settings.threshold:g}. No line of a circuit: it had no "
            "results. Look for: rates near the line. On a quiet tenant one failure is enough to cross it."
        ),
        kind="lines",
        unit="share",
        queries=(
            BoardQuery(
                id="error_rate",
                expr=share(_failures(words, RATE), _results(words, RATE)),
                legend=words.legend(*CIRCUIT),
            ),
        ),
        width=12,
        height=8,
        threshold=settings.threshold,
    )


def window_statistics(words: Words, settings: DashboardSettings) -> BoardPanel:
    """What the breaker's window holds."""
    minutes = max(1, -(-settings.window_seconds // 60))
    window = f"{minutes}m"
    legend = words.legend(*CIRCUIT)
    return BoardPanel(
        id=12,
        title="Window statistics",
        description=(
            f"Results and failures that the breaker's window of {settings.window_seconds} s holds, counted from events over "
            f"{minutes} min (whole minutes, as scrapes allow). The router's own window_requests_total moves only at "
            "transitions and isn't read. Look for: a window of few results, in which one failure reaches the threshold "
            f"({settings.threshold:g})."
        ),
        kind="lines",
        unit="count",
        queries=(
            BoardQuery(
                id="window_results",
                expr=f"{_results(words, window)}\nor 0 * sum by ({words.circuit}) ({words.events})",
                legend=f"{legend} results",
            ),
            BoardQuery(
                id="window_failures",
                expr=f"{over(stepped(words, words.event('failure'), words.circuit), window)}"
                f"\nor 0 * sum by ({words.circuit}) ({words.events})",
                legend=f"{legend} failures",
            ),
        ),
        width=12,
        height=8,
    )


def matrix(words: Words) -> BoardPanel:
    """Providers against what they show, the chosen tenants' and everyone's."""
    provider = words.everyone.labels("provider_id")
    mine = f"sum by ({provider}) (\n{block(_failures(words, RANGE))}\n)"
    whole = f"sum by ({provider}) (\n{block(_results(words, RANGE))}\n)"
    return BoardPanel(
        id=13,
        title="Provider health",
        description=(
            "Each provider over the range: its state for the chosen tenants at the end (the worst of them), their error rate, "
            "everyone's error rate, and how long results took. Look for: a provider that fails for everyone (an outage) "
            "against one that fails for the chosen tenants alone (their requests, or the breaker)."
        ),
        kind="table",
        unit="share",
        queries=(
            BoardQuery(
                id="provider_state",
                expr=state(words, words.everyone.labels("provider_id")),
                legend="state",
                instant=True,
                unit="state",
            ),
            BoardQuery(id="provider_results", expr=whole, legend="results", instant=True, unit="count"),
            BoardQuery(id="provider_error_rate", expr=share(mine, whole), legend="error rate", instant=True),
            BoardQuery(
                id="provider_error_rate_everyone",
                expr=rate(words, words.providers, words.everyone, RANGE),
                legend="error rate, everyone",
                instant=True,
            ),
            BoardQuery(
                id="provider_latency",
                expr=_mean(words.chosen, RANGE),
                legend="mean latency",
                instant=True,
                unit="milliseconds",
            ),
        ),
        width=24,
        height=7,
    )


def _mean(scope: Vocabulary, window: str) -> str:
    """Milliseconds per result that came back."""
    by = scope.labels("provider_id")
    total = f"sum by ({by}) (rate({scope.selector(LATENCY_SUM)}[{window}]))"
    count = f"sum by ({by}) (rate({scope.selector(LATENCY_COUNT)}[{window}]))"
    return f"{total} / ({count} > 0)"


def rate(words: Words, scope: Vocabulary, seen: Vocabulary, window: str) -> str:
    """Failures per result of each provider, exact; `seen` is what tells of the routers."""
    by, kind = scope.labels("provider_id"), scope.label("event_type")
    witness = seen.selector(EVENTS)
    both = f'{scope.selector(EVENTS)[:-1]},{kind}=~"success|failure"}}'
    failed = over(stepped(words, scope.selector(EVENTS, event_type="failure"), by, witness), window)
    whole = over(stepped(words, both, by, witness), window)
    return share(f"{failed}\nor 0 * {whole}", whole)
