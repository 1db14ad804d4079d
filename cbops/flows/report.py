"""`report log|day|weekly|final`: documents that are pure functions of the journal and its evidence."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from cbops.errors import InputError
from cbops.flows.outcome import Outcome
from cbops.flows.steps.documents import (
    NOTHING,
    Document,
    Drawn,
    Place,
    draw,
    facts_of,
    figures_of,
    written,
)
from cbops.model.answers.record import ReportAnswer
from cbops.model.config import CriteriaConfig
from cbops.render.day_view import daily_entry, day_numbers
from cbops.render.engine import DAY, FINAL, WEEK, execution_log, render
from cbops.render.final_view import final_report
from cbops.render.log_builder import execution_log_view
from cbops.render.report_facts import Facts
from cbops.render.weekly_view import DAYS, weekly_summary, weeks

LOG_NAME = "execution-log.md"
FINAL_NAME = "final-report.md"
_SEEN = ("error-rate", "events")
_JUDGED = ("latency", "criteria")


def log_text(folder: Path | None, criteria: CriteriaConfig, own: Path | None = None) -> str:
    """The log of a rollout, without pictures; without a rollout, the empty log. `own`: the user's templates."""
    return _log(None if folder is None else facts_of(folder, criteria), NOTHING, own)


def _log(facts: Facts | None, drawn: Drawn, own: Path | None) -> str:
    if facts is None:
        return execution_log(execution_log_view(None, observations={}, classified={}), own)
    view = execution_log_view(
        facts.state,
        observations=facts.observations,
        classified=facts.classified,
        evaluation=facts.evaluation,
        forecast=facts.forecast,
        tuning=facts.tuning,
        pictures=drawn.among(*_SEEN),
        judged_pictures=drawn.among(*_JUDGED),
    )
    return execution_log(view, own)


def log(folder: Path | None, criteria: CriteriaConfig, place: Place) -> Outcome[ReportAnswer]:
    """The execution log, with the pictures of the whole rollout; `folder` null: the empty one."""
    facts = None if folder is None else facts_of(folder, criteria)
    drawn = NOTHING if facts is None else draw(partial(figures_of, facts), place)
    document = Document("log", "the execution log", LOG_NAME, _log(facts, drawn, place.own), drawn)
    return written(document, folder, place)


def day(folder: Path, criteria: CriteriaConfig, place: Place, number: int | None) -> Outcome[ReportAnswer]:
    """The entry of a day (null: the last one that was measured), with its error rate drawn.

    InputError for a day that wasn't measured.
    """
    facts = facts_of(folder, criteria)
    known = day_numbers(facts)
    wanted = number if number is not None else max(known, default=1)
    if wanted not in known:
        raise InputError(
            f"day {wanted} was not measured", hint=f"Collect it first: cbops monitor daily --day {wanted}"
        )
    mine = {wanted: facts.observations[wanted]}
    drawn = draw(partial(figures_of, facts, mine), place, f"day-{wanted}-", "error-rate")
    text = render(DAY, place.own, entry=daily_entry(facts, wanted, drawn.among("error-rate")))
    document = Document("day", f"the entry of day {wanted}", f"day-{wanted}.md", text, drawn)
    return written(document, folder, place)


def weekly(folder: Path, criteria: CriteriaConfig, place: Place, number: int | None) -> Outcome[ReportAnswer]:
    """The summary of a week (null: the last one with a measured day), with its pictures.

    InputError for a week without any measured day.
    """
    facts = facts_of(folder, criteria)
    known = weeks(facts)
    week = number if number is not None else max(known, default=1)
    if week not in known:
        first = DAYS * (week - 1) + 1
        raise InputError(
            f"no day of week {week} was measured (days {first} to {first + DAYS - 1})",
            hint="Collect what there is: cbops monitor daily --all",
        )
    mine = {n: seen for n, seen in facts.observations.items() if (n + DAYS - 1) // DAYS == week and n >= 1}
    drawn = draw(partial(figures_of, facts, mine), place, f"week-{week}-", *_SEEN, "criteria")
    text = render(WEEK, place.own, week=weekly_summary(facts, week, drawn.among(*_SEEN, "criteria")))
    title = f"the summary of week {week}"
    return written(Document("weekly", title, f"weekly-summary-{week}.md", text, drawn), folder, place)


def final(folder: Path, criteria: CriteriaConfig, place: Place) -> Outcome[ReportAnswer]:
    """The final report, with the pictures of the whole rollout; before its end, a draft."""
    facts = facts_of(folder, criteria)
    drawn = draw(partial(figures_of, facts), place)
    text = render(FINAL, place.own, final=final_report(facts, drawn.among(*_SEEN, *_JUDGED)))
    return written(Document("final", "the final report", FINAL_NAME, text, drawn), folder, place)
