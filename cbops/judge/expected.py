"""How many days the error rate and the latency would need to be met, told from the days before enabling.

The days before are put into the same blocks as in a judgement, with the same rules of what is left out and who
is a control. Without an effect the estimate is as likely above zero as below, so the first day on which the
bounds of an estimate of zero lie below the margin is the day by which the criterion is met as likely as not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from cbops.judge import error_rate, latency
from cbops.judge.blocks import Block, Effect, foreseen
from cbops.judge.case import Case, counted, make_case
from cbops.judge.compared import Comparison, compared
from cbops.judge.numbers import rounded
from cbops.judge.seen import counting_effect
from cbops.judge.settings import MAX_CONTROLS, MIN_BLOCKS_BEFORE
from cbops.model.comparison import BreakersAsked, TenantBreaker
from cbops.model.config import CriteriaConfig
from cbops.model.expected import ExpectedCriterion, ExpectedVerdict, Outlook, RecentDay
from cbops.model.observation import Buckets, Observation
from cbops.model.state import RolloutState, Stage
from cbops.model.tenant import Target

FARTHEST_DAYS = 28  # of two horizons of a week and one of a fortnight
_EVER_DAYS = (42, 56, 84, 112, 168, 224)  # beyond these nothing is expected any more
_WORST: tuple[Outlook, ...] = ("days", "beyond", "unlikely", "never", "unknown")


def _results(rows: Iterable[Buckets]) -> int:
    return sum(n or 0 for row in rows for n in (*row.success, *row.failure))


def _others(target: Target, days: Sequence[RecentDay]) -> set[str]:
    """The other tenants with the most results on the same providers: those that a day would have collected."""
    mine = {row.provider for day in days for row in day.buckets if row.tenant == target.tenant}
    volume: dict[str, int] = {}
    for day in days:
        for row in day.buckets:
            if row.tenant != target.tenant and row.provider in {*mine, target.provider}:
                volume[row.tenant] = volume.get(row.tenant, 0) + _results((row,))
    return set(sorted(volume, key=lambda tenant: (-volume[tenant], tenant))[:MAX_CONTROLS])


def _observation(target: Target, day: RecentDay, others: set[str], asked: BreakersAsked) -> Observation:
    mine = tuple(row for row in day.buckets if row.tenant == target.tenant)
    shared = {target.provider, *(row.provider for row in mine)}
    return Observation(
        target=target,
        window=day.window,
        as_of=day.window.end,
        source="recent",
        dialect=None,
        scrape=day.scrape,
        decisions=None,
        fallback_decisions=None,
        providers={},
        buckets=mine,
        controls=tuple(row for row in day.buckets if row.tenant in others and row.provider in shared),
        breakers=asked,
    )


def _case(
    target: Target, days: Sequence[RecentDay], enabled: Mapping[str, bool], criteria: CriteriaConfig
) -> Case:
    """A rollout that would be enabled at the end of these days."""
    now = days[-1].window.end
    others = _others(target, days)
    asked = BreakersAsked(
        asked_at=now,
        requests=0,
        tenants=tuple(TenantBreaker(tenant=t, enabled=enabled[t]) for t in sorted(others) if t in enabled),
    )
    state = RolloutState(
        id="expected",
        phase=1,
        stage=Stage.SELECTED,
        target=target,
        owner=None,
        timezone="UTC",
        baseline_days=len(days),
        opened_at=now,
        opened_by="",
        adopted=False,
        last_seq=0,
        last_at=now,
    )
    baseline = [_observation(target, day, others, asked) for day in days]
    return make_case(state, (), baseline, (), criteria=criteria, as_of=now, rejected=False)


def _met_by(effects: Sequence[Effect], margin: float, budget: float) -> bool:
    return all(effect.upper(budget) < margin for effect in effects)


def _effects(case: Case, found: Comparison, days: int, *, errors: bool) -> list[Effect]:
    """After so many full days since enabling, without an effect."""
    effect = foreseen(found.before, days)
    if effect is None:
        return []
    if not errors:
        return [effect]
    sides, blocks = (found.compared.before, ()), (found.before, ())
    counting = counting_effect(
        case, sides, blocks, found.shares, effect, controlled=found.controlled
    ).after_days(days)
    return [effect, counting]


def _outlook(case: Case, found: Comparison, margin: float, *, errors: bool) -> tuple[Outlook, int | None]:
    budget = case.criteria.false_met
    for days in (*range(case.criteria.min_full_days, FARTHEST_DAYS + 1), *_EVER_DAYS):
        if _met_by(_effects(case, found, days, errors=errors), margin, budget):
            return ("days", days) if days <= FARTHEST_DAYS else ("beyond", None)
    return "unlikely", None


def _criterion(case: Case, found: Comparison, *, errors: bool) -> ExpectedCriterion:
    margin = case.criteria.error_rate_margin if errors else case.criteria.latency_margin
    bound = margin if errors else math.log1p(margin)
    name = "error rate" if errors else "mean latency"
    first = foreseen(found.before, case.criteria.min_full_days)
    outlook: Outlook = "unknown"
    days = variation = None
    if first is None:
        reason = _unknown(found, name)
    else:
        outlook, days = _outlook(case, found, bound, errors=errors)
        variation = math.sqrt(first.day_variance)
        reason = _reason(outlook, days, name, _varies(found, variation, margin, errors=errors))
    return ExpectedCriterion(
        criterion="error_rate" if errors else "latency",
        outlook=outlook,
        days=days,
        variation=rounded(variation),
        margin=margin,
        reason=reason,
    )


def _unknown(found: Comparison, name: str) -> str:
    return (
        f"its {name} is known for {counted(len(found.before), 'day')} with enough results, and at least"
        f" {MIN_BLOCKS_BEFORE} are needed"
    )


def _varies(found: Comparison, variation: float, margin: float, *, errors: bool) -> str:
    unit, digits = ("points", 2) if errors else ("%", 1)
    against = "against the controls" if found.controlled else "from day to day, with no control beside it"
    return f"it varies by {100 * variation:.{digits}f} {unit} {against}, where the margin is {100 * margin:g} {unit}"


def _reason(outlook: Outlook, days: int | None, name: str, varies: str) -> str:
    if outlook == "days":
        return f"its {name} in about {counted(days or 0, 'full day')}: {varies}"
    if outlook == "beyond":
        return f"its {name} in more than {FARTHEST_DAYS} days: {varies}"
    return f"its {name}, where more days alone hardly help: {varies}"


def _latency(case: Case) -> ExpectedCriterion:
    days = compared(case, closed=True)
    found = latency.compare(case, days, latency.judged_mix(days))
    expected = _criterion(case, found, errors=False)
    if any(any(row.latency_count) for row in case.before.canary.values()):
        return expected
    return expected.model_copy(update={"reason": "no latency histogram of this tenant was scraped"})


def _verdict(
    criteria: tuple[ExpectedCriterion, ...],
    blocks: Sequence[Block] = (),
    controls: tuple[str, ...] = (),
    per_day: int | None = None,
) -> ExpectedVerdict:
    worst = max((each.outlook for each in criteria), key=_WORST.index)
    days = max(each.days or 0 for each in criteria) if worst == "days" else None
    reasons = "; ".join(dict.fromkeys(each.reason for each in criteria if each.outlook == worst))
    if worst == "days":
        parts = " and ".join(f"{each.criterion.replace('_', ' ')} {each.days}" for each in criteria)
        last = max(criteria, key=lambda each: each.days or 0)
        varies = last.reason.partition(": ")[2].removeprefix("it ")
        reason = f"in about {counted(days or 0, 'full day')} ({parts}); its {last.criterion.replace('_', ' ')} {varies}"
    else:
        head = {
            "beyond": f"in more than {FARTHEST_DAYS} days",
            "unlikely": f"in more than {FARTHEST_DAYS} days, if ever",
            "never": "can never be",
            "unknown": "nobody knows when",
        }
        reason = f"{head[worst]}: {reasons}"
    return ExpectedVerdict(
        outlook=worst,
        days=days,
        reason=reason,
        criteria=criteria,
        days_before=len(blocks),
        controls=controls,
        results_per_day=per_day,
    )


def cannot_say(reason: str, criteria: CriteriaConfig, outlook: Outlook = "unknown") -> ExpectedVerdict:
    """The same for both criteria, without numbers."""
    found = ExpectedCriterion(
        criterion="error_rate",
        outlook=outlook,
        days=None,
        variation=None,
        margin=criteria.error_rate_margin,
        reason=reason,
    )
    beside = found.model_copy(update={"criterion": "latency", "margin": criteria.latency_margin})
    return _verdict((found, beside))


def expected_verdict(
    target: Target, days: Sequence[RecentDay], enabled: Mapping[str, bool], criteria: CriteriaConfig
) -> ExpectedVerdict:
    """When both criteria would be met as likely as not, were the breaker enabled after these days.

    `enabled`: whose breaker is enabled, of the tenants of which the admin API tells; of others the series tell.
    """
    if not days:
        return cannot_say("no day before is compared", criteria)
    mine = [row for day in days for row in day.buckets if row.tenant == target.tenant]
    if not mine:
        return cannot_say("no result of this tenant was counted, which is not the same as none", criteria)
    if not _results(mine):
        return cannot_say(f"it had no result in {counted(len(days), 'day')}", criteria, "never")
    case = _case(target, days, enabled, criteria)
    found = error_rate.compare(case, controlled=bool(case.controls.used))
    sums = [_results(row for row in day.buckets if row.tenant == target.tenant) for day in days]
    return _verdict(
        (_criterion(case, found, errors=True), _latency(case)),
        found.before,
        case.controls.used,
        round(median(filter(None, sums))),
    )
