"""The p95 beside the mean: shown always, binding where it is asked to (`criteria.p95_binding`) and can be.

It can bind where the bucket around the baseline's p95 is narrow against the margin; else that is said, and the
mean, which is exact, binds alone. A binding p95 takes a part of the mean's budget of a false "missed". The p50
and p99 are shown and never bind.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cbops.judge.case import Case
from cbops.judge.compared import Compared
from cbops.judge.percentiles import (
    SHARES,
    Percentile,
    compare_percentile,
    percentile_evidence,
    sides_of,
    too_coarse,
)
from cbops.judge.settings import P95_BUCKET_SHARE, P95_MISSED_SHARE
from cbops.model.histogram import Place
from cbops.model.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Tail:
    """What the p95 says; `verdict` null: it doesn't bind. `sentence` begins with a space, or is empty."""

    verdict: Verdict | None
    sentence: str
    missing: tuple[str, ...]
    evidence: dict[str, Any]

    def rest_of_budget(self, case: Case) -> Case:
        """The case as the mean may judge it."""
        return case if self.verdict is None else _spending(case, 1 - P95_MISSED_SHARE)

    def with_mean(self, mean: Verdict) -> Verdict:
        """Missed where either is, met where both are."""
        if self.verdict is None or self.verdict is mean:
            return mean
        return Verdict.MISSED if Verdict.MISSED in {mean, self.verdict} else Verdict.INCONCLUSIVE


def _spending(case: Case, share: float) -> Case:
    missed = case.criteria.false_missed * share
    return replace(case, criteria=case.criteria.model_copy(update={"false_missed": missed}))


def _verdict(case: Case, found: Percentile, margin: float) -> Verdict:
    if found.bounds is None:
        return Verdict.INCONCLUSIVE
    if found.lower > 0 and found.bounds.estimate >= margin:
        return Verdict.MISSED
    return Verdict.MET if found.upper < margin and case.enough_days else Verdict.INCONCLUSIVE


def _missing(found: Percentile, verdict: Verdict) -> tuple[str, ...]:
    if verdict is Verdict.MET:
        return ()
    if verdict is Verdict.MISSED:
        return ("a p95 of the latency that is back where it was before enabling",)
    if found.bounds is None:
        return ("full days with a latency histogram on both sides, for the p95",)
    return (
        "a p95 whose upper bound, with what its buckets leave open, lies below the margin: more full days",
    )


def _bucket(place: Place) -> str:
    return f"{place.lower:g} ms and more" if place.upper is None else f"{place.lower:g} to {place.upper:g} ms"


def _percent(log: float) -> str:
    return f"{100 * math.expm1(log):+.1f} %"


def _between(found: Percentile) -> str:
    """'between -1.0 % and +2.0 %'; a side without a limit is said."""
    if math.isinf(found.lower) and math.isinf(found.upper):
        return "without a limit"
    if math.isinf(found.upper):
        return f"by at least {_percent(found.lower)}"
    if math.isinf(found.lower):
        return f"by at most {_percent(found.upper)}"
    return f"between {_percent(found.lower)} and {_percent(found.upper)}"


def _sentence(case: Case, found: Percentile, coarse: str | None, *, binds: bool) -> str:
    if coarse is not None:
        before, _ = found.places[coarse]
        if before is None:
            return ""
        margin = 100 * case.criteria.latency_margin
        return (
            f" The p95 on {coarse} lay in the bucket {_bucket(before)} before enabling, too coarse to tell"
            f" {margin:g} %; the mean is judged alone."
        )
    if found.bounds is None:
        return " The p95 can't be compared yet."
    role = "it binds too" if binds else "it is shown and doesn't bind"
    return (
        f" The p95 changed by {_percent(found.bounds.estimate)} against its baseline, {_between(found)}"
        f" with what its buckets leave open; {role}."
    )


def _unknown(case: Case) -> str:
    """Only where somebody expects it to bind."""
    if case.criteria.p95_binding == "never":
        return ""
    return " The p95 can't be compared: full days with a histogram are lacking; the mean is judged alone."


def judge_tail(case: Case, days: Compared, shares: Mapping[str, float]) -> Tail:
    """Over the same providers, mix and time as the mean; without controls, whose buckets aren't kept."""
    margin = math.log1p(case.criteria.latency_margin)
    sides = sides_of(case.before.days, case.after.days, days)
    spending = _spending(case, P95_MISSED_SHARE)
    found = {
        name: compare_percentile(sides, shares, part, spending.criteria) for name, part in SHARES.items()
    }
    p95 = found["p95"]
    known = bool(shares) and bool(sides.before) and bool(sides.after)
    coarse = too_coarse(p95, case.criteria.latency_margin) if known else None
    binds = known and coarse is None and case.criteria.p95_binding == "auto"
    verdict = _verdict(case, p95, margin) if binds else None
    evidence = {
        "binding": case.criteria.p95_binding,
        "binds": binds,
        "too_coarse": coarse,
        "known": known,
        "rule": "the bucket around the baseline's p95 is at most bucket_share of the margin wide, as logarithms",
        "bucket_share": P95_BUCKET_SHARE,
        "missed_share": P95_MISSED_SHARE,
        "verdict": None if verdict is None else verdict.value,
        "method": "since enabling minus before, in full days, without controls; widened by the buckets",
        **{name: percentile_evidence(each, spending.criteria) for name, each in found.items()},
    }
    return Tail(
        verdict=verdict,
        sentence=_sentence(case, p95, coarse, binds=binds) if known else _unknown(case),
        missing=() if verdict is None else _missing(p95, verdict),
        evidence=evidence,
    )
