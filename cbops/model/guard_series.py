"""The guard's own series, as it writes them for node_exporter's textfile collector.

Labels: `rollout`, `tenant_id`. `running` stays 0 once the guard has ended in order.
"""

from __future__ import annotations

LAST = "cbops_guard_last_reading_timestamp_seconds"
INTERVAL = "cbops_guard_interval_seconds"
RUNNING = "cbops_guard_running"
BLIND = "cbops_guard_blind"
BREACHES = "cbops_guard_breaches"
GUARD_SERIES = frozenset((LAST, INTERVAL, RUNNING, BLIND, BREACHES))
