"""The chosen tenants against all others, on the same providers."""

from __future__ import annotations

from cbops.measure.names import EVENTS, LATENCY_BUCKET
from cbops.measure.panels.counting import RATE, block
from cbops.measure.panels.health import rate
from cbops.measure.panels.words import Words
from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.dashboard import BoardPanel, BoardQuery


def compared_errors(words: Words) -> BoardPanel:
    """The chosen tenants' error rate and that of everyone else."""
    return _compared(
        words,
        rate(words, words.chosen, words.tenants, RATE),
        rate(words, words.others, words.strangers, RATE),
        BoardPanel(
            id=14,
            title="Canary against the other tenants: error rate",
            description=(
                "The error rate of the chosen tenants, and of everyone else on the same providers. Look for: the chosen ones "
                "above the others since the breaker was enabled." + _ALONE
            ),
            kind="lines",
            unit="share",
            queries=(),
            width=12,
            height=8,
        ),
        "compared_error_rate",
    )


def compared_latency(words: Words) -> BoardPanel:
    """95th percentiles."""
    return _compared(
        words,
        _p95(words.chosen),
        _p95(words.others),
        BoardPanel(
            id=15,
            title="Canary against the other tenants: latency",
            description=(
                "95th percentile of the latency of results that came back, estimated from the histogram's buckets. A stock "
                "router doesn't export it: remap a gateway's histogram in cbops.yaml (metrics.names), or nothing shows here. "
                "Look for: the chosen ones slower by more than a few percent since the breaker was enabled."
                + _ALONE
            ),
            kind="lines",
            unit="milliseconds",
            queries=(),
            width=12,
            height=8,
        ),
        "compared_latency",
    )


_ALONE = (
    " 'no others': all tenants are chosen, so nobody is left to compare with, and the same is drawn twice."
)


def _p95(scope: Vocabulary) -> str:
    by = scope.labels("provider_id", "le")
    return f"histogram_quantile(0.95, sum by ({by}) (rate({scope.selector(LATENCY_BUCKET)}[{RATE}]))) >= 0"


def _compared(words: Words, chosen: str, others: str, panel: BoardPanel, name: str) -> BoardPanel:
    """The panel with its two queries."""
    left = words.others.selector(EVENTS)
    found = (
        f'label_replace(\n{block(others)},\n  "who", "others", "", ""\n)\nor\n'
        f'label_replace(\n{block(chosen)},\n  "who", "no others", "", ""\n) unless on () group ({left})'
    )
    provider = words.legend("provider_id")
    queries = (
        BoardQuery(id=f"{name}_chosen", expr=chosen, legend=f"{provider} chosen"),
        BoardQuery(id=f"{name}_others", expr=found, legend=f"{provider} {{{{who}}}}"),
    )
    return panel.model_copy(update={"queries": queries})
