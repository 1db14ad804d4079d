"""`alerts render`: a Prometheus rule file, a pure function of its settings. `alerts check`: rule files against the data."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from cbops.errors import InputError
from cbops.flows.outcome import Outcome
from cbops.flows.ports import RulesPort
from cbops.flows.steps.loading import load
from cbops.flows.steps.placing import Chosen, Place
from cbops.flows.steps.rule_facts import Asking, rule_answers, rule_facts
from cbops.flows.steps.rule_words import rule_headline, rule_lines
from cbops.measure.rules import rule_group
from cbops.measure.rules.checking import Checker
from cbops.model.answers.alerts import AlertsCheckAnswer, AlertsRenderAnswer
from cbops.model.config import MetricsConfig
from cbops.model.rule_check import ReadRules
from cbops.model.rules import RuleGroup, RuleScope, RuleSettings, TenantLabel
from cbops.model.state import Stage
from cbops.render.rule_file import is_untouched, rule_file


def scope_of(folder: Path | None, tenants: tuple[str, ...], labels: tuple[TenantLabel, ...]) -> RuleScope:
    """What was asked for, else the rollout's tenant, else every tenant. InputError for a text that is none."""
    for text in (*tenants, *(label.value for label in labels)):
        if not text.isprintable() or not text.strip():
            raise InputError(f"{text!r} is no tenant and no value of a label", hint="Use plain text.")
    if tenants or labels:
        kept = {(label.name, label.value): label for label in labels}
        return RuleScope(tenants=tuple(sorted(set(tenants))), labels=tuple(kept[key] for key in sorted(kept)))
    return RuleScope(tenants=(load(folder).target.tenant,)) if folder else RuleScope()


def render(
    scope: RuleScope, chosen: Chosen, metrics: MetricsConfig, place: Place, *, with_watch: bool = False
) -> Outcome[AlertsRenderAnswer]:
    """Write the rule file, or hand it over for stdout.

    ConfigError for names that can't stand in a rule; ConflictError where a file stands that cbops didn't write so.
    """
    settings = RuleSettings(dialect=chosen.dialect, scope=scope, metrics=metrics, with_watch=with_watch)
    group = rule_group(settings)
    text = rule_file(group, settings)
    warnings = (*chosen.notes, *_about(scope, place.folder))
    if place.stdout:
        return Outcome(
            data=_answer(settings, chosen, group, place, text, changed=False, shown=True),
            headline="The rule file.",
            next_step="",
            warnings=warnings,
            document=text,
        )
    changed = place.write(text, is_untouched)
    verb = "Wrote" if changed else "Nothing to change in"
    return Outcome(
        data=_answer(settings, chosen, group, place, text, changed=changed, shown=False),
        headline=f"{verb} the rule file: {place.path} ({len(group.alerts)} alerts, "
        f"{len(group.recordings)} recording rules).",
        body=(f"Dialect: {chosen.dialect}. Tenants: {_tenants(scope)}.",),
        next_step=f"promtool check rules {place.path}; then name it under rule_files and reload Prometheus.",
        warnings=warnings,
    )


def _tenants(scope: RuleScope) -> str:
    if scope.tenants:
        return ", ".join(scope.tenants)
    return ", ".join(f"{label.name}={label.value}" for label in scope.labels) or "all"


def _about(scope: RuleScope, folder: Path | None) -> tuple[str, ...]:
    """What a person must know of whom the rules look at."""
    if not scope.tenants and not scope.labels:
        return (
            "the rules look at every tenant, also at those whose breaker is not enabled: name them with --tenants",
        )
    if folder is None:
        return ()
    state = load(folder)
    if state.stage is not Stage.ROLLED_BACK or state.target.tenant not in scope.tenants:
        return ()
    return (
        f"the breaker of {state.target.tenant} was disabled by a rollback: take the rules out of Prometheus",
    )


def _answer(
    settings: RuleSettings,
    chosen: Chosen,
    group: RuleGroup,
    place: Place,
    text: str,
    *,
    changed: bool,
    shown: bool,
) -> AlertsRenderAnswer:
    return AlertsRenderAnswer(
        rollout=place.folder.name if place.folder else None,
        path=None if shown else str(place.path),
        changed=changed,
        bytes=len(text.encode()),
        dialect=settings.dialect,
        dialect_from=chosen.by,
        tenants=settings.scope.tenants,
        tenant_labels=settings.scope.labels,
        alerts=tuple(rule.alert for rule in group.alerts),
        records=tuple(rule.record for rule in group.recordings),
        text=text if shown else None,
    )


def check(
    files: Sequence[ReadRules], source: RulesPort, metrics: MetricsConfig, end: datetime, days: int
) -> Outcome[AlertsCheckAnswer]:
    """Hold the rules against what the source has of the last days. Exits 7 for an error; MetricsError goes through."""
    asking = Asking(source, end - timedelta(days=days), end, days)
    facts, told = rule_facts(asking, files, metrics)
    checker = Checker.of(files, facts, metrics, days)
    answers, more = rule_answers(asking, checker)
    findings = checker.findings(answers)
    rules = checker.rules(answers)
    errors = sum(one.level == "error" for one in findings)
    return Outcome(
        data=AlertsCheckAnswer(
            files=tuple(file.file for file in files),
            source="embedded" if source.kind == "embedded" else "prometheus",
            start=asking.start,
            end=end,
            dialect=checker.dialect,
            requests=source.requests,
            rules=rules,
            findings=findings,
            unchecked=(*told, *more),
        ),
        headline=rule_headline(rules, findings),
        body=rule_lines(rules, findings, checker.dialect, asking, (*told, *more)),
        next_step="Correct the errors, and check again."
        if errors
        else "Load them: name them under rule_files.",
        exit_status=7 if errors else 0,
    )
