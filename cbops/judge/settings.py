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
# The first minutes after enabling: circuits are born, and one opened earlier gets its first probes.
WARM_UP_MS = 900_000
# Results of one tenant drift for hours: the variation between blocks this long is what counts.
BLOCK_HOURS = (6, 24)
# Short blocks next to each other are alike when drifts last as long as they do (6 h: correlation 0.5,
# which makes the mean's error 1.7 times as large). Where day blocks can't tell yet, this factor stands
# in for them; measured, it keeps false "missed" on the first two days below their share.
SHORT_BLOCK_FACTOR = 2.0
# Below this many blocks on each side, their variation says nothing.
MIN_BLOCKS = 3
# A look is a completed day; the confidence is shared by so many looks (Bonferroni).
LOOKS = 7
# A provider with a smaller share of the tenant's results isn't judged for latency.
MIN_SHARE = 0.05
# A control must have results in this share of the canary's blocks.
STEADY_SHARE = 0.9
# Counters of one scrape are read at once, but requests are in flight: so many may differ.
FLIGHT_SLACK = 5
FLIGHT_SHARE = 0.005
# Outcomes that the breaker doesn't record (4xx, cancelled) explain results missing up to this share.
UNRECORDED_SHARE = 0.5
# So many results after the time allowed, with no half-open and no denied call among them, show that
# nobody asks the circuit: under the breaker the first of them would have been a probe.
UNASKED_RESULTS = 10
