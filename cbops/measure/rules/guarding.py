"""The alerts about the guard itself (`monitor watch --textfile`), asked for with `alerts render --with-watch`."""

from __future__ import annotations

from textwrap import dedent

from cbops.measure.rules.vocabulary import Vocabulary
from cbops.model.guard_series import INTERVAL, LAST, RUNNING
from cbops.model.rules import AlertRule

SILENT = "CbopsGuardSilent"
MISSING = "CbopsGuardMissing"
READINGS = 3  # intervals that may pass without a reading
GRACE_SECONDS = 120  # for slow answers and the scrape of the file
_RUNBOOK = dedent("""\
    Check: does the process run? systemctl status, or the CI job; its heartbeat is guard/heartbeat.json in the rollout's folder.
    Check: does node_exporter read the text file (--textfile), and is that machine scraped?
    Do: look at the canary yourself meanwhile: cbops canary status
    Do: start it again: cbops monitor watch. A guard that should not run is ended by SIGTERM, which says so in its text file; one that was killed leaves a file to delete.
    """)


def guard_alerts(words: Vocabulary, tenants: tuple[str, ...]) -> tuple[AlertRule, ...]:
    """One that stopped without an end, and none where one was asked for. The guards of these tenants; none: of all."""
    return (_silent(words, tenants), _missing(words, tenants))


def _silent(words: Vocabulary, tenants: tuple[str, ...]) -> AlertRule:
    last, interval, running = (
        f"max by (rollout, tenant_id) ({words.guard(name, tenants)})" for name in (LAST, INTERVAL, RUNNING)
    )
    before = f"max by (rollout, tenant_id) (last_over_time({words.guard(RUNNING, tenants)}[1d]))"
    return AlertRule(
        alert=SILENT,
        expr=(
            "# it runs, by its own word, and its last reading is too old\n"
            f"(\n    time() - {last}\n  >\n    {READINGS} * {interval} + {GRACE_SECONDS}\n)\n"
            f"and\n  {running} == 1\n"
            "or\n# its series went away within a day, and said until then that it runs\n"
            f"({before} == 1)\nunless\n  {running}"
        ),
        hold="1m",
        severity="warning",
        summary="The guard of {{ $labels.rollout }} gives no sign of life",
        description="It didn't end in order, and nobody guards the canary of {{ $labels.tenant_id }}.",
        runbook=_RUNBOOK,
    )


def _missing(words: Vocabulary, tenants: tuple[str, ...]) -> AlertRule:
    absent = [_absent(words.guard(RUNNING, (tenant,)), words.quoted(tenant)) for tenant in tenants]
    if not tenants:
        absent = [f"absent({words.guard(RUNNING, ())} == 1)"]
    return AlertRule(
        alert=MISSING,
        expr="# no guard runs: there never was one, or it ended\n" + "\nor\n".join(absent),
        hold="5m",
        severity="warning",
        summary="No guard runs{{ with $labels.tenant_id }} for {{ . }}{{ end }}",
        description="The rules were rendered with --with-watch, and no 'cbops monitor watch' says that it runs.",
        runbook=_RUNBOOK,
    )


def _absent(selector: str, tenant: str) -> str:
    """With the tenant's label, which absent() of a comparison doesn't keep; `$` would stand for a group."""
    return f'label_replace(absent({selector} == 1), "tenant_id", {tenant.replace("$", "$$")}, "", "")'
