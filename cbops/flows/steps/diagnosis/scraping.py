"""Whether the routers are scraped: now, over the last hour and day, and how fresh the newest sample is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from cbops.flows.steps.diagnosis.clocks import seconds
from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.metrics import Survey
from cbops.flows.steps.diagnosis.premises import Premises
from cbops.flows.steps.diagnosis.words import some
from cbops.flows.steps.wording import plural
from cbops.measure.names import EVENTS, documented, server_query
from cbops.measure.queries import scrape_query
from cbops.measure.scrapes import scrape_health
from cbops.measure.targets import ScrapeTarget, Targets, find_targets, key_of
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.base import from_ms, iso, to_ms
from cbops.model.observation import ScrapeHealth
from cbops.model.series import Series

LONGEST_INTERVAL = 60.0
STALE = timedelta(minutes=5)
DAY = timedelta(days=1)
MAX_INSTANCES = 20
_SCRAPED = Mark("metrics", "scraping", "scraping")
_INSTANCE = Mark("metrics", "instance", "the instances")
_FRESH = Mark("clocks", "newest_sample", "the newest sample")
_LOOK = "Look at the server's targets page (/targets), and at the router."


def scraping_checks(premises: Premises, survey: Survey) -> Iterator[DoctorCheck]:
    """Two requests at most: `up` of the last day, and where there is none, the results of the last hour in steps."""
    config, now = premises.config.metrics, survey.window.end
    routers = (
        [Series(EVENTS, labels, (), ()) for labels in survey.found[EVENTS].series]
        if EVENTS in survey.found
        else []
    )
    query = scrape_query(config, routers)
    fetched = survey.source.fetch(query, now - DAY, now)
    ups = documented(config, fetched)
    if not ups:
        yield _SCRAPED.unknown(
            "whether the routers are scraped is not known: the source has no series 'up' of them",
            "Set metrics.job (and metrics.names.up, where it is called otherwise) in cbops.yaml",
            query=fetched.record.query,
        )
        yield _newest(now, _last_events(premises, survey))
        return
    if len(ups) > 1 and not config.job and not any(one.labels.get("instance") for one in routers):
        yield _SCRAPED.unknown(
            f"whether the routers are scraped is not known: their series carry no label instance, and {len(ups)} targets are "
            "scraped",
            "Set in cbops.yaml: metrics: {job: NAME}, the scrape job of the routers",
            query=fetched.record.query,
        )
        yield _newest(now, _last_events(premises, survey))
        return
    targets = find_targets((), ups)
    yield _overall(premises, targets, ups, now, fetched.record.query)
    stale = max([STALE, *(timedelta(milliseconds=3 * one.interval) for one in targets.all)])
    yield from _instances(targets, ups, now - stale)
    last = max((one.times[-1] for one in targets.all if one.times), default=None)
    yield _newest(now, None if last is None else (from_ms(last), "the last successful scrape"), stale)


def _overall(
    premises: Premises, targets: Targets, ups: tuple[Series, ...], now: datetime, query: str
) -> DoctorCheck:
    end = to_ms(now)
    first = min((one.times[0] for one in ups if one.times), default=end)
    begin = max(to_ms(now - DAY), first)
    hour, day = (
        scrape_health(targets, max(begin, to_ms(now - length)), end) for length in (timedelta(hours=1), DAY)
    )
    least = premises.config.criteria.min_coverage
    routers = plural(len(targets.all), "instance")
    longest = max(((gap.end - gap.start).total_seconds() for gap in day.gaps), default=0.0)
    numbers = {
        "interval_seconds": day.interval_seconds,
        "hour": round(hour.coverage, 4),
        "day": round(day.coverage, 4),
        "since": iso(from_ms(begin)),
        "gaps": len(day.gaps),
        "longest_gap_seconds": round(longest),
        "instances": len(targets.all),
        "query": query,
    }
    if not hour.seen:
        return _SCRAPED.problem(
            f"no router was scraped in the last hour ({routers} known of the last day)", _LOOK, **numbers
        )
    whole = "the last day" if begin == to_ms(now - DAY) else f"the time since {iso(from_ms(begin))}"
    told = _told(hour, day, longest, whole)
    text = f"{routers} of the router, {told}"
    if hour.coverage < least or day.coverage < least:
        return _SCRAPED.warning(
            f"{text}; a day counts from {least:.0%} on (criteria.min_coverage)", _LOOK, **numbers
        )
    if day.interval_seconds and day.interval_seconds > LONGEST_INTERVAL:
        return _SCRAPED.warning(
            f"{text}: opens that are shorter than that can be missed",
            f"Scrape the routers at least every {LONGEST_INTERVAL:.0f} s (scrape_interval).",
            **numbers,
        )
    return _SCRAPED.ok(text, **numbers)


def _told(hour: ScrapeHealth, day: ScrapeHealth, longest: float, whole: str) -> str:
    every = f"scraped every {day.interval_seconds:g} s" if day.interval_seconds else "scraped"
    gaps = f", {plural(len(day.gaps), 'gap')}, the longest {seconds(longest)}" if day.gaps else ""
    return f"{every}: {hour.coverage:.1%} of the last hour, {day.coverage:.1%} of {whole}{gaps}"


def _instances(targets: Targets, ups: tuple[Series, ...], since: datetime) -> Iterator[DoctorCheck]:
    """Each instance that can't be scraped now or has gaps of its own; the others in one line."""
    by_key = {target.key: target for target in targets.all}
    well: list[str] = []
    for one in ups:
        target = by_key.get(key_of(one.labels))
        if not one.times or from_ms(one.times[-1]) < since:
            continue  # gone for good, or the whole source is stale, which is said elsewhere
        name = one.labels.get("instance", "") or "the router"
        if one.values[-1] != 1:
            yield _INSTANCE.about(name).problem(
                f"{name} can't be scraped now: up is 0 since {_since(one, target)}", _LOOK
            )
        else:
            well.append(name)
    if well:
        yield _INSTANCE.ok(
            f"{plural(len(well), 'instance')} answered the last scrape: {some(well)}",
            instances=well[:MAX_INSTANCES],
        )


def _since(up: Series, target: ScrapeTarget | None) -> str:
    good = [at for at in target.times if at <= up.times[-1]] if target else []
    return iso(from_ms(good[-1])) if good else "as long as is known"


def _last_events(premises: Premises, survey: Survey) -> tuple[datetime, str] | None:
    """The newest step at which there were results; up to five minutes late, as steps repeat a sample for so long."""
    config, now = premises.config.metrics, survey.window.end
    query = server_query(config, "the newest sample", (EVENTS,), step_seconds=60)
    fetched = survey.source.fetch(query, now - timedelta(hours=1), now)
    last = max((one.times[-1] for one in fetched.series if one.times), default=None)
    return None if last is None else (from_ms(last), "the newest sample, to within five minutes,")


def _newest(now: datetime, last: tuple[datetime, str] | None, stale: timedelta = STALE) -> DoctorCheck:
    if last is None:
        return _FRESH.problem("there is no sample of any router in the last hours", _LOOK)
    at, what = last
    age = (now - at).total_seconds()
    numbers = {"at": iso(at), "age_seconds": round(age, 3)}
    if age > stale.total_seconds():
        return _FRESH.problem(f"{what} is {seconds(age)} old ({iso(at)})", _LOOK, **numbers)
    return _FRESH.ok(f"{what} is {seconds(max(0.0, age))} old", **numbers)
