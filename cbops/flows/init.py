"""`init`: a folder to work in."""

from __future__ import annotations

import os
from pathlib import Path

from cbops.errors import InputError
from cbops.flows.outcome import Outcome
from cbops.model.answers.record import InitAnswer

CONFIG_TEXT = """\
# cbops: how to reach the router and its metrics. Secrets never stand here: name the variable that holds one.
version: 1

router:
  admin_url: "http://127.0.0.1:8080"
  # The admin API's paths; {tenant} and {policy} are filled in.
  base_path: /api/v1/admin/policies
  reload_path: "/admin/policies/{tenant}/{policy}/reload"
  disable_path: /admin/circuit-breaker/disable    # the global emergency switch, where a router has it
  # Requests carry this header with the value of this environment variable;
  # in place of env: {file: PATH} (chmod 600), or {keyring: SERVICE/NAME}.
  # A bearer token: {header: Authorization, env: CBOPS_ADMIN_TOKEN, scheme: Bearer}
  auth: {header: x-api-key, env: CBOPS_ADMIN_TOKEN}
  tls: {}                         # https: {ca_file: PATH, cert_file: PATH, key_file: PATH}; verify: false warns
  timeout_seconds: 10
  retries: {attempts: 3, seconds: 20}   # of what only reads; a write is sent once

metrics:
  source: prometheus              # or: embedded (filled by 'cbops monitor scrape')
  url: "http://127.0.0.1:9090"
  path: samples.db                # the file of the embedded store
  job: null                       # the routers' scrape job, where 'up' knows other jobs too
  headers: {}                     # for example {Authorization: {env: PROMETHEUS_TOKEN, scheme: Bearer}}
  basic_auth: null                # or: {username: NAME, password: {env: PROMETHEUS_PASSWORD}}
  tls: {}                         # as for the router
  dialect: auto                   # or: router, documented
  timeout_seconds: 30
  retries: {attempts: 3, seconds: 20}   # what may be asked again is; no attempt begins later than that
  max_answer_mib: 512
  # Where a server calls things differently, documented name first:
  names: {}                       # for example {router_result_latency_ms: gateway_latency_ms}
  labels: {}                      # for example {tenant_id: tenant}
  # What the router does with a request that is denied and has no fallback: sent or rejected.
  denied_without_fallback: sent

alerts:
  alertmanager_url: null          # for example "http://127.0.0.1:9093"; headers, tls, … as for metrics

tenants: tenants.yaml
rollouts: rollouts
templates: null                   # the folder of your own templates of documents: 'cbops report templates'
timezone: UTC                     # the days of the log are calendar days there
baseline_days: 7                  # before enabling; what exists of them is used, and said

# Margins and confidence of the five criteria.
criteria:
  error_rate_margin: 0.005        # 0.5 percentage points
  latency_margin: 0.05            # 5 %
  p95_binding: auto               # the p95 binds too where the histogram's buckets are narrow enough; never: it is shown
  false_met: 0.05                 # how often 'met' may be wrong (one-sided)
  false_missed: 0.025             # how often 'missed' may be wrong (one-sided)
  min_full_days: 3
  min_coverage: 0.9               # share of scrapes that a day needs to count as full
  recovery_margin_seconds: 300
  unexpected_opens_budget: {opens: 3, days: 2}   # more opens than this on each of so many days: roll back
  shadow: []                      # criteria of one's own in PromQL, measured and shown: docs/configuration.md

selection:
  max_requests_per_minute: 100    # a canary's busiest hour stays under this
  traffic_days: 7

# Days after which an item of the checklist must be verified, or attested, again (docs/checklist.md).
checklist:
  max_age_days:
    load_tests: 30                # counted from the test itself
    dashboards: 30
    alert_rules: 30
    rollback_understood: 90
    rehearsal: 30                 # the rollback rehearsed by machine
    team_trained: 180
    disabled_by_default: 7
    policies_updatable: 30
    reload_works: 30

# 'cbops monitor watch': how often it looks, and what is a breach (docs/watch.md). An action is warn, pause or
# rollback: the most that this bound asks for; a run's --on-breach may allow less.
guard:
  interval_seconds: 30
  jitter: 0.1
  readings: 3                     # in a row
  window_seconds: 300             # what the rates are of
  stale_seconds: 180              # an older last sample is no data
  policy_seconds: 300             # between two looks at the live policy
  error_rate: {above: 0.5, min_results: 20, action: rollback}
  latency: {above_ms: null, min_results: 20, action: rollback}
  stuck: {seconds: null, action: rollback}       # null: worked out from the policy
  not_closed: {seconds: 3600, action: warn}
  control_plane: {seconds: 900, action: warn}
  blind: {seconds: 900, action: warn}

# Where 'cbops ticket send' sends tickets, and whom cbops tells by itself: docs/tickets.md, docs/notifications.md.
tickets: {targets: []}            # for example [{name: ops, kind: github, repository: acme/ops, token: {env: GITHUB_TOKEN}}]
notifications:
  channels: []                    # for example [{name: owner, url: {keyring: cbops/owner}}]: an Apprise URL holds tokens
  events: [enabled, breach, rollback, decision]
  timeout_seconds: 10             # how long a command waits for all of them together

# When nothing is enabled, and whom it takes besides the one who acts (a rollback is never held up).
freezes: []                       # for example [{name: weekend, from: "Fri 16:00", to: "Mon 08:00"}]
approvals: {enable: 1, proceed: 1, signed: false, hours: 72}
signing: {key: null, trusted: {}} # for 'cbops journal seal': docs/configuration.md
"""

TENANTS_TEXT = """\
# Who the tenants are; what is not said here is unknown to cbops, never assumed.
tenants: []
# tenants:
#   - id: acme
#     critical: false
#     owner: {name: Ada Example, contact: ada@example.com, responsive: true}
#     policies: [canary_policy]
"""


def init(folder: Path) -> Outcome[InitAnswer]:
    """Write what is missing; nothing that exists is changed. InputError when `folder` is a file."""
    if folder.exists() and not folder.is_dir():
        raise InputError(
            f"{folder} is not a folder", hint="Name a folder that is there, or one to be created."
        )
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"cbops.yaml": CONFIG_TEXT, "tenants.yaml": TENANTS_TEXT}
    written = [name for name, text in texts.items() if _write_new(folder / name, text)]
    if _make_folder(folder / "rollouts"):
        written.append("rollouts/")
    kept = [name for name in (*texts, "rollouts/") if name not in written]
    return Outcome(
        data=InitAnswer(folder=str(folder.absolute()), written=tuple(written), kept=tuple(kept)),
        headline=f"{folder.absolute()} is ready." if written else f"{folder.absolute()} was ready already.",
        body=(*(f"  written  {name}" for name in written), *(f"  kept     {name}" for name in kept)),
        next_step="Say in cbops.yaml where the router is and in tenants.yaml who the tenants are, then: cbops canary candidates",
    )


def _write_new(path: Path, text: str) -> bool:
    """Write a file that isn't there, whole or not at all; an existing one (or a dangling link) is kept."""
    try:
        file = path.open("x", encoding="utf-8")
    except FileExistsError:
        return False
    try:
        with file:
            file.write(text)
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return True


def _make_folder(path: Path) -> bool:
    if path.is_dir():
        return False
    if os.path.lexists(path):
        raise InputError(
            f"{path} is not a folder", hint="Move it away, or name another folder in cbops.yaml (rollouts)."
        )
    path.mkdir()
    return True
