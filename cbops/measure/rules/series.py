"""The names of the recorded series: level, what, and how it was made.

Levels: `instance` is a circuit of one router instance (or the instance itself), `circuit` one tenant and provider over
all instances, `tenant` all providers of a tenant.
"""

from __future__ import annotations

RESTARTS_5M = "instance:router_restarts:5m"
RESTARTS_10M = "instance:router_restarts:10m"
RESTARTS = {"5m": RESTARTS_5M, "10m": RESTARTS_10M}
COVERAGE = "instance:router_scrapes:ratio1h"

EVENTS_5M = "instance:router_circuit_breaker_events:increase5m"
OPENS_5M = "instance:router_circuit_breaker_opens:increase5m"
HALF_OPENS_5M = "instance:router_circuit_breaker_half_opens:increase5m"
CLOSES_5M = "instance:router_circuit_breaker_closes:increase5m"
HALF_OPENS_10M = "instance:router_circuit_breaker_half_opens:increase10m"  # documented dialect
CLOSES_10M = "instance:router_circuit_breaker_closes:increase10m"  # documented dialect
FAILED_PROBES_10M = "instance:router_circuit_breaker_failed_probes:increase10m"

OPEN_COUNTED = "instance:router_circuit_breaker_open:counted"
HALF_OPEN_COUNTED = "instance:router_circuit_breaker_half_open:counted"  # router dialect
IDLE = "instance:router_circuit_breaker_idle:5m"
OPEN = "instance:router_circuit_breaker_open:now"
UNCLOSED = "instance:router_circuit_breaker_unclosed:now"

CIRCUIT_OPENS = "circuit:router_circuit_breaker_opens:increase5m"
CIRCUIT_FAILED_PROBES = "circuit:router_circuit_breaker_failed_probes:increase10m"
CIRCUIT_OPEN = "circuit:router_circuit_breaker_open:instances"
CIRCUIT_UNCLOSED = "circuit:router_circuit_breaker_unclosed:instances"
CIRCUIT_RESULTS = "circuit:router_circuit_breaker_results:increase5m"
CIRCUIT_ERRORS = "circuit:router_circuit_breaker_error_ratio:5m"
CIRCUIT_FAIL_FAST = "circuit:router_circuit_breaker_fail_fast_ratio:5m"

TENANT_ERRORS = "tenant:router_circuit_breaker_error_ratio:5m"
TENANT_OPEN = "tenant:router_circuit_breaker_open:providers"
TENANT_DENIED = "tenant:router_circuit_breaker_denied_without_fallback:increase5m"
