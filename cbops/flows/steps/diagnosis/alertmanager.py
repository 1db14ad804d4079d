"""Alertmanager: is it there, and does the metrics server send its alerts to one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cbops.errors import AlertmanagerError, CbopsError
from cbops.flows.ports import AlertmanagerLookPort
from cbops.flows.steps.diagnosis.clocks import Reading
from cbops.flows.steps.diagnosis.marking import Mark
from cbops.flows.steps.diagnosis.metrics import Survey
from cbops.flows.steps.diagnosis.premises import Premises
from cbops.flows.steps.diagnosis.words import some
from cbops.model.answers.doctor import DoctorCheck

_REACHED = Mark("alerts", "alertmanager", "Alertmanager")
_SENT_TO = Mark("alerts", "alerts_sent_to", "where alerts go")
_CONFIGURE = 'Set in cbops.yaml: alerts: {alertmanager_url: "http://HOST:9093"}'
_TELL = "Name it in prometheus.yml: alerting: {alertmanagers: [{static_configs: [{targets: [HOST:9093]}]}]}"


@dataclass(frozen=True, slots=True)
class AlertmanagerFound:
    """The check, and its clock; `why` says why there is none."""

    check: DoctorCheck
    reading: Reading | None
    requests: int
    why: str = ""


def alertmanager_check(premises: Premises) -> AlertmanagerFound:
    """One request, where one is configured."""
    if premises.alertmanager is None:
        why = "no Alertmanager is configured (alerts.alertmanager_url)"
        return AlertmanagerFound(_REACHED.not_asked(why, _CONFIGURE), None, 0, why)
    try:
        client: AlertmanagerLookPort = premises.alertmanager()
    except CbopsError as error:
        return AlertmanagerFound(_REACHED.failed(error), None, 0, "Alertmanager can't be asked")
    sent = premises.clock.now()
    try:
        facts = client.status()
    except AlertmanagerError as error:
        reading = Reading(sent, premises.clock.now(), client.date) if client.date else None
        why = "Alertmanager can't be reached"
        return AlertmanagerFound(_REACHED.failed(error), reading, client.requests, why)
    reading = Reading(sent, premises.clock.now(), client.date)
    url = premises.config.alerts.alertmanager_url
    text = f"Alertmanager {facts.version} at {url} answers; its cluster is {facts.cluster}"
    numbers = {"version": facts.version, "cluster": facts.cluster, "peers": facts.peers}
    if facts.cluster not in ("ready", "disabled"):
        check = _REACHED.warning(text, "Look at its status page until it is ready.", **numbers)
    else:
        check = _REACHED.ok(text, **numbers)
    return AlertmanagerFound(check, reading, client.requests)


def sending_checks(premises: Premises, survey: Survey) -> Iterator[DoctorCheck]:
    """Whether the metrics server knows an Alertmanager; one request."""
    if survey.server is None:
        yield _SENT_TO.not_asked("the embedded store evaluates no rules and sends no alerts")
        return
    known = survey.server.alertmanagers()
    if known is None:
        yield _SENT_TO.unknown(
            "whether its alerts reach anybody is not known: it doesn't list its Alertmanagers"
        )
    elif known:
        yield _SENT_TO.ok(f"the metrics server sends its alerts to {some(known)}", alertmanagers=list(known))
    elif premises.alertmanager is not None:
        yield _SENT_TO.problem(
            "the metrics server knows no Alertmanager, so its alerts reach nobody, although cbops.yaml names one",
            _TELL,
        )
    else:
        yield _SENT_TO.warning("the metrics server knows no Alertmanager, so its alerts reach nobody", _TELL)
