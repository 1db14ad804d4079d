"""The forecast's own numbers, each with its reason; the judge takes those on a provider's health from here."""

from __future__ import annotations

# A provider that fails less than every tenth call can't open a circuit for long, one that fails more can.
FAILING_RATE = 0.10
# A provider that usually fails more often is failing when it does so twice as often.
FAILING_TIMES_USUAL = 2.0
# Below this a rate that is measured may just as well be the usual one of a good provider.
LEAST_USUAL = 0.005
# Confidence of the statement "the provider was failing" or "was healthy", each one-sided.
HEALTH_ALPHA = 0.05
# Fewer failures than this never show that a provider fails, whatever their share.
MIN_FAILURES = 3
# Slack between a declared incident and an opening: people round to minutes.
INCIDENT_SLACK_MS = 60_000
# Evidence about an opening comes in for so long after it.
AFTER_OPENING_MS = 300_000
# A pause in the failures of up to this long is still the same outage.
OUTAGE_PAUSE_MS = 600_000

# Where traffic is so thin that the window and the minutes after it show nothing, the nearest requests on each
# side tell: so many, and none further away than this.
NEAREST = 32
NEAREST_MS = 3_600_000

# An outage is found where chance would bring one to so few of as many traces (measured: test_forecast_outages).
FALSE_OUTAGES = 0.001
# The two failing rates that are looked for: a plain outage, and one that reaches the threshold.
PLAIN_OUTAGE = 0.8
# The usual rate is the median over so many parts of the trace, each with as many results.
PARTS = 101

# Memory: rows of failures over all circuits (48 bytes each), and steps of the histograms.
MOST_FAILURE_ROWS = 1 << 18
MOST_STEPS = 4096
TIMELINE_STEPS = 240
