"""The alert rules that the metrics server has loaded: are they there, do they run, are they right for these data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from cbops.flows.ports import MetricsServerPort
from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.metrics import Survey
from cbops.flows.steps.diagnosis.premises import Premises, Subject
from cbops.flows.steps.diagnosis.words import some
from cbops.flows.steps.rule_facts import Asking, rule_answers, rule_facts
from cbops.flows.steps.wording import plural
from cbops.measure.loaded_rules import breaker_rules
from cbops.measure.metrics import spoken_in
from cbops.measure.names import TRANSITIONS
from cbops.measure.rules import rule_group
from cbops.measure.rules.checking import Checker
from cbops.model.answers.doctor import DoctorCheck
from cbops.model.observation import Dialect
from cbops.model.rule_check import RuleFinding
from cbops.model.rules import RuleGroup, RuleScope, RuleSettings
from cbops.model.telemetry import LoadedRule

# The alerts of the domain description; 'alerts render' writes one more, for opens that last.
NEEDED = (
    "RouterCircuitBreakerOpened",
    "RouterCircuitBreakerHighFailureRate",
    "RouterCircuitBreakerMultipleProvidersOpen",
    "RouterCircuitBreakerHalfOpenProbesFailed",
)
_LOADED = Mark("alerts", "rules_loaded", "the loaded alert rules")
_RUNNING = Mark("alerts", "rules_running", "the evaluation of rules")
_RIGHT = Mark("alerts", "rules_right", "whether the rules are right")
_RENDER = "cbops alerts render, then name the file under rule_files and reload Prometheus"


@dataclass(frozen=True, slots=True)
class _Listed:
    """The loaded rules about the breaker, and all recordings."""

    alerts: tuple[LoadedRule, ...]
    further: int
    recordings: Mapping[str, tuple[str, ...]]


def rule_checks(premises: Premises, survey: Survey, subjects: tuple[Subject, ...]) -> Iterator[DoctorCheck]:
    """Two requests for the lists, then those of a check of rules."""
    if survey.server is None:
        yield _LOADED.unknown(
            "whether alert rules are loaded is not known: the embedded store evaluates no rules",
            "Have the routers scraped by a Prometheus, and set metrics: {source: prometheus, url: …}",
        )
        yield _RIGHT.not_asked(
            "the embedded store evaluates no rules; rule files can be checked: cbops alerts check"
        )
        return
    yield from _of_server(premises, survey, survey.server, subjects)


def _of_server(
    premises: Premises, survey: Survey, server: MetricsServerPort, subjects: tuple[Subject, ...]
) -> Iterator[DoctorCheck]:
    rules = server.alert_rules()
    if rules is None:
        yield _LOADED.unknown(
            "whether alert rules are loaded is not known: the metrics source doesn't list its rules (another server may "
            "evaluate them)"
        )
        yield _RIGHT.not_asked(
            "the metrics source doesn't list its rules; rule files can be checked: cbops alerts check"
        )
        return
    alerts, further = breaker_rules(rules, premises.config.metrics)
    if not alerts:
        yield _LOADED.problem(
            f"none of the {plural(len(rules), 'loaded alert rule')} is about the circuit breaker",
            _RENDER,
            loaded=len(rules),
            missing=list(NEEDED),
        )
        yield _RIGHT.not_asked("no alert rule about the circuit breaker is loaded")
        return
    listed = _Listed(alerts, further, server.recordings() or {})
    rendered = rule_group(_settings(premises, survey, subjects))
    yield _loaded(premises, listed, rendered, len(rules))
    yield from _running(listed)
    yield from _right(premises, survey, listed)


def _settings(premises: Premises, survey: Survey, subjects: tuple[Subject, ...]) -> RuleSettings:
    """What 'alerts render' would be asked for here."""
    config = premises.config.metrics
    tenants = tuple(sorted(one.tenant for one in subjects if one.meant))
    return RuleSettings(dialect=spoken_by(premises, survey), scope=RuleScope(tenants=tenants), metrics=config)


def spoken_by(premises: Premises, survey: Survey) -> Dialect:
    """The dialect to write in: the configured one, else that of the transitions, else the router's."""
    configured = premises.config.metrics.dialect
    if configured != "auto":
        return configured
    there = survey.found.get(TRANSITIONS)
    spoken = spoken_in(TRANSITIONS, there.series) if there else None
    return "documented" if spoken == "documented" else "router"


def _loaded(premises: Premises, listed: _Listed, rendered: RuleGroup, all_rules: int) -> DoctorCheck:
    """Whether all alerts are there, and whether they are as cbops writes them."""
    names = {rule.name for rule in listed.alerts}
    written = {rule.alert: premises.parse(rule.expr) for rule in rendered.alerts}
    same = sorted(
        rule.name
        for rule in listed.alerts
        if written.get(rule.name) is not None and premises.parse(rule.expression) == written[rule.name]
    )
    missing = [name for name in NEEDED if name not in names]
    further = [rule.alert for rule in rendered.alerts if rule.alert not in names and rule.alert not in NEEDED]
    numbers = {
        "loaded": all_rules,
        "about_the_breaker": len(listed.alerts) + listed.further,
        "as_rendered": same,
        "other": sorted(names - set(same)),
        "missing": missing + further,
    }
    count = plural(len(listed.alerts) + listed.further, "alert rule")
    if missing:
        return _LOADED.problem(
            f"{count} about the circuit breaker {'is' if len(listed.alerts) == 1 else 'are'} loaded, and {some(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing",
            _RENDER,
            **numbers,
        )
    told = f"{len(same)} of them as 'cbops alerts render' writes them now"
    if further:
        return _LOADED.warning(
            f"the four alerts are loaded, {told}; {some(further)}, which tells lasting opens, is not",
            _RENDER,
            **numbers,
        )
    return _LOADED.ok(f"{count} about the circuit breaker are loaded, {told}", **numbers)


def _running(listed: _Listed) -> Iterator[DoctorCheck]:
    """What the server itself says of their evaluation."""
    broken = [rule for rule in listed.alerts if rule.health == "err" or rule.last_error]
    for rule in broken:
        yield _RUNNING.about(rule.name).problem(
            f"the metrics server can't evaluate {rule.name}: {(rule.last_error or 'it does not say why')[:300]}",
            f"Correct the rule, or write it anew: {_RENDER}",
            file=rule.file,
            group=rule.group,
        )
    waiting = [rule.name for rule in listed.alerts if rule not in broken and rule.last_evaluation is None]
    if waiting:
        yield _RUNNING.unknown(
            f"{len(waiting)} of the {plural(len(listed.alerts), 'alert rule')} were not evaluated yet",
            "Wait for the next evaluation.",
            waiting=waiting,
        )
    elif not broken:
        yield _RUNNING.ok(
            f"the metrics server evaluates all {len(listed.alerts)} alert rules without an error"
        )


def _right(premises: Premises, survey: Survey, listed: _Listed) -> Iterator[DoctorCheck]:
    """The check of rules over the loaded ones: one finding for each rule that is wrong."""
    config = premises.config.metrics
    read = premises.read_rules(listed.alerts, listed.recordings)
    asking = Asking(survey.asking, survey.window.start, survey.window.end, premises.days)
    facts, told = rule_facts(asking, (read,), config)
    checker = Checker.of((read,), facts, config, premises.days)
    answers, more = rule_answers(asking, checker)
    recorded = {rule.name for rule in read.rules if rule.kind == "record"}
    findings = [
        one
        for one in checker.findings(answers)
        # A recording may well have nothing to record: nothing was idle, nothing was denied.
        if one.level != "info" and not (one.code == "never_data" and one.rule in recorded)
    ]
    by_code: dict[str, list[RuleFinding]] = {}
    for one in findings:
        by_code.setdefault(one.code, []).append(one)
    for several in by_code.values():
        yield _wrong(several)
    if not findings:
        alerts = sum(rule.kind == "alert" for rule in read.rules)
        recordings = len(read.rules) - alerts
        yield _RIGHT.ok(
            f"{plural(alerts, 'alert rule')} and the {plural(recordings, 'recording')} behind them select series that "
            "exist and have none of the well-known mistakes",
            alerts=alerts,
            recordings=recordings,
            dialect=checker.dialect,
            unchecked=[*told, *more],
        )


def _wrong(findings: list[RuleFinding]) -> DoctorCheck:
    """What is wrong in one way, in however many rules."""
    first = findings[0]  # the worst
    names = list(dict.fromkeys(one.rule for one in findings if one.rule))
    more = f" (and {plural(len(names) - 1, 'more rule')})" if len(names) > 1 else ""
    text = f"{first.rule or 'the rules'}{more}: {first.sentence}"
    numbers = {
        "rules": names,
        "code": first.code,
        "query": first.selector,
        "sentences": list(dict.fromkeys(one.sentence for one in findings))[:5],
    }
    mark = _RIGHT.about(first.rule)
    if first.level == "error":
        return mark.problem(text, first.fix, **numbers)
    return mark.warning(text, first.fix, **numbers)
