"""The judge's own numbers, each with its reason; what an operator sets stands in `CriteriaConfig`."""

from __future__ import annotations

# A circuit opens at 50 % failures or several in a row; a provider that fails less than every tenth
# call can't cause that, one that fails more can.
FAILING_RATE = 0.10
# A provider that usually fails more often is failing when it does so twice as often.
FAILING_TIMES_USUAL = 2.0
# Confidence of the statement "the provider was failing" or "was healthy", each one-sided.
HEALTH_ALPHA = 0.05
# Fewer failures than this never show that a provider fails, whatever their share.
MIN_FAILURES = 3
# Slack between a declared incident and an open: people round to minutes.
INCIDENT_SLACK_MS = 60_000
# After an opening, evidence about it may still come in for so long (one bucket).
AFTER_OPENING_MS = 300_000
# A pause in the controls' failures of up to this long is still the same outage.
OUTAGE_PAUSE_MS = 600_000
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
