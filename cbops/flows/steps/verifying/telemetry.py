"""Whether the loaded alert rules and the dashboard's queries are right for the data, as `doctor` looks at them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.marking import guarded as checks_of
from cbops.flows.steps.diagnosis.metrics import MetricsFound, Survey, metrics_checks
from cbops.flows.steps.diagnosis.panels import panel_checks
from cbops.flows.steps.diagnosis.premises import Premises, Subject
from cbops.flows.steps.diagnosis.rules import rule_checks, spoken_by
from cbops.flows.steps.verifying.finding import Finding
from cbops.flows.steps.wording import plural
from cbops.measure.names import LATENCY_BUCKET, LATENCY_COUNT, LATENCY_SUM, server_name
from cbops.measure.panels import panel_queries
from cbops.model.answers.doctor import CheckLevel, DoctorCheck
from cbops.model.dashboard import DashboardSettings
from cbops.model.tenant import Target

_LATENCY = (LATENCY_BUCKET, LATENCY_COUNT, LATENCY_SUM)
_RULES = Mark("alerts", "rules_loaded", "the loaded alert rules")
_PANELS = Mark("dashboard", "queries", "the dashboard's queries")
_DOCTOR = "See every check: cbops doctor"


class Telemetry:
    """The metrics source, surveyed once for the items that need it."""

    def __init__(self, premises: Premises, target: Target) -> None:
        self._premises = premises
        self._subject = Subject(target.tenant, (target.policy,), target.provider)
        self._found: MetricsFound | None = None

    def alert_rules(self) -> Finding:
        """The four alerts are loaded, are evaluated, and are right for the dialect and the series."""

        def check(survey: Survey) -> Iterable[DoctorCheck]:
            return rule_checks(self._premises, survey, (self._subject,))

        checks, stopped = self._checks(_RULES, check)
        if stopped is not None:
            return stopped
        return _worst(checks, _together(_plain(one.text) for one in checks if one.level == "ok"))

    def dashboards(self) -> Finding:
        """The dashboard's queries return data for the rollout's tenant."""

        def check(survey: Survey) -> Iterable[DoctorCheck]:
            return panel_checks(self._premises, survey, (self._subject,))

        checks, stopped = self._checks(_PANELS, check)
        if stopped is not None:
            return stopped
        (one,) = checks
        if "alive" not in one.evidence or one.level in ("ok", "problem"):
            return _worst(checks, _plain(one.text))
        return self._partly(one)

    def _partly(self, one: DoctorCheck) -> Finding:
        """Some queries have no data: all of them for a reason that is known, or not."""
        dead = set(one.evidence["dead"])
        if not one.evidence["alive"]:
            return Finding("failed", _plain(one.text), _DOCTOR, _figures((one,)))
        if dead and dead <= self._of_latency():
            told = f"{_plain(one.text)}: the router exports no histogram of its latency"
            return Finding("verified", told, None, _figures((one,)))
        if one.level == "warning":
            return Finding("failed", _plain(one.text), one.remedy or _DOCTOR, _figures((one,)))
        look = "Look at the dashboard once a circuit has moved, or attest it: cbops checklist mark dashboards --note WHAT"
        return Finding("unknown", _plain(one.text), look, _figures((one,)))

    def _of_latency(self) -> set[str]:
        """The queries that need a histogram of the latency, where there is none."""
        survey = self._survey().survey
        if survey is None or LATENCY_COUNT in survey.found:
            return set()
        config = self._premises.config.metrics
        settings = DashboardSettings(
            dialect=spoken_by(self._premises, survey), metrics=config, tenant=self._subject.tenant
        )
        names = [server_name(config, metric) for metric in _LATENCY]
        queries = panel_queries(settings, self._subject.tenant)
        return {one.query for one in queries if any(name in one.expr for name in names)}

    def _checks(
        self, mark: Mark, make: Callable[[Survey], Iterable[DoctorCheck]]
    ) -> tuple[tuple[DoctorCheck, ...], Finding | None]:
        """The checks, or the finding that there is nothing to look at."""
        found = self._survey()
        survey = found.survey
        if survey is None:
            why = next((one for one in found.checks if one.level in ("problem", "unknown")), None)
            told = f"{mark.what} could not be looked at, {found.why}"
            told += f": {_plain(why.text)}" if why else ""
            return (), Finding(
                "unknown", told, (why.remedy if why else None) or _DOCTOR, _figures(found.checks)
            )
        return checks_of(mark, lambda: make(survey)), None

    def _survey(self) -> MetricsFound:
        if self._found is None:
            self._found = metrics_checks(self._premises, (self._subject,))
        return self._found


def _worst(checks: tuple[DoctorCheck, ...], right: str) -> Finding:
    """Failed for a problem, unknown for what could not be looked at; a warning is told beside what is right."""
    for level, state in (("problem", "failed"), ("unknown", "unknown")):
        bad = _of(checks, level)
        if bad:
            first = bad[0]
            more = f" (and {plural(len(bad) - 1, 'more finding')})" if len(bad) > 1 else ""
            return Finding(
                "failed" if state == "failed" else "unknown",
                f"{_plain(first.text)}{more}",
                first.remedy or _DOCTOR,
                _figures(checks),
            )
    warned = _of(checks, "warning")
    risks = [f"a risk: {_plain(one.text)}" for one in warned]
    return Finding("verified", _together([*([right] if right else []), *risks]), None, _figures(checks))


def _of(checks: Iterable[DoctorCheck], level: CheckLevel | str) -> list[DoctorCheck]:
    return [one for one in checks if one.level == level]


def _together(sentences: Iterable[str]) -> str:
    """As one sentence: the words that begin the later ones are small, unless they are names."""
    first, *rest = [*sentences] or [""]
    return "; ".join(
        [first, *(re.sub(r"^[A-Z](?=[a-z]* )", lambda big: big[0].lower(), one) for one in rest)]
    )


def _plain(text: str) -> str:
    """A check's sentence inside another: without its full stop."""
    return text.removesuffix(".")


def _figures(checks: Iterable[DoctorCheck]) -> dict[str, object]:
    return {"checks": [one.model_dump(mode="json") for one in checks]}
