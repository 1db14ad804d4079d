"""The judge's own numbers, each with its reason; what an operator sets stands in `CriteriaConfig`.

What makes a provider failing is the same for a judgement and for a forecast, and stands with the forecast.
"""

from __future__ import annotations

from cbops.breaker.forecast.settings import AFTER_OPENING_MS as AFTER_OPENING_MS
from cbops.breaker.forecast.settings import FAILING_RATE as FAILING_RATE
from cbops.breaker.forecast.settings import FAILING_TIMES_USUAL as FAILING_TIMES_USUAL
from cbops.breaker.forecast.settings import HEALTH_ALPHA as HEALTH_ALPHA
from cbops.breaker.forecast.settings import INCIDENT_SLACK_MS as INCIDENT_SLACK_MS
from cbops.breaker.forecast.settings import MIN_FAILURES as MIN_FAILURES
from cbops.breaker.forecast.settings import OUTAGE_PAUSE_MS as OUTAGE_PAUSE_MS

# The policy's timeout when the policy is unknown (the router's default), and its probes.
UNKNOWN_TIMEOUT_MS = 60_000
UNKNOWN_SUCCESS_THRESHOLD = 2
# Probes are requests, and come at random: a circuit isn't late before so many would have come at the traffic
# of the hour around, but for this probability.
AROUND_MS = 1_800_000
ARRIVALS_ALPHA = 0.001
# The first minutes after enabling: circuits are born, and one opened earlier gets its first probes.
WARM_UP_MS = 900_000
# What is compared is put into blocks of a calendar day: long against the drifts of hours that results of one
# tenant have, and each with the same hours in it.
BLOCK_HOURS = 24
# Drifts are taken to last up to so many hours (the time in which their correlation falls to 1/e). Day blocks
# next to each other then still have a correlation of 0.16, and the interval is widened by what follows.
DRIFT_HOURS = 6.0
# A block weighs as much as its results are of a usual day's, at most 1; with less than this it is left out.
MIN_BLOCK_WEIGHT = 0.2
# Fewer blocks before enabling aren't a baseline; where there is nothing before, fewer since enabling say too
# little of their variation.
MIN_BLOCKS_BEFORE = 2
MIN_BLOCKS_ALONE = 3
# A look is a completed day. The budget of false verdicts for a week of looks, and the share of it that the
# week gets; the rest is kept for rollouts that are extended (cbops/judge/looks.py).
FIRST_HORIZON_DAYS = 7
FIRST_HORIZON_SHARE = 0.7
# A provider with a smaller share of the tenant's results isn't judged for latency.
MIN_SHARE = 0.05
# A percentile is only known to lie in its bucket. It can tell the margin where the bucket around the baseline's
# is no wider than this share of the margin (as a logarithm); a wider one leaves the mean to bind alone.
P95_BUCKET_SHARE = 0.5
# Where the p95 binds beside the mean, it may spend this share of the budget of a false "missed", the mean the
# rest. A false "met" needs both, so that budget isn't shared.
P95_MISSED_SHARE = 0.2
# A control must have results in this share of the canary's blocks.
STEADY_SHARE = 0.9
# Counters of one scrape are read at once, but requests are in flight: so many may differ.
FLIGHT_SLACK = 5
FLIGHT_SHARE = 0.005
# Outcomes that the breaker doesn't record (4xx, cancelled) explain results missing up to this share.
UNRECORDED_SHARE = 0.5
# A decision leads to the first call and at most one of a fallback.
CALLS_PER_DECISION = 2
# Moves without a metric are an operator's calls and crashes of the breaker process. Of one circuit so many a day
# are believed, or this share of its counted transitions; more of them are counters that lose or invent moves.
UNSEEN_MOVES = 12
UNSEEN_SHARE = 0.05
# So many results after the time allowed, with no half-open and no denied call among them, show that
# nobody asks the circuit: under the breaker the first of them would have been a probe.
UNASKED_RESULTS = 10
# So many other tenants of the same providers are collected with a day, those with the most results.
MAX_CONTROLS = 20
