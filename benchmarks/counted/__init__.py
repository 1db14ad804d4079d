"""Made rollouts by the counts that a router's scrapes would show, bucket by bucket, without single requests.

Counts are drawn from their distributions (`traffic`): Poisson for requests, binomial for failures, a gamma distribution
with the moments of a sum of log-normals for latencies. Single requests are played through the real breaker only around
outages and openings (`trouble`, `played`); days with any trouble have buckets of five minutes, the others of an hour
(`days`). `tests/judge/test_judge_counted.py` holds these distributions against a request-level generator.
"""

from __future__ import annotations

from counted.maker import Maker as Maker
from counted.maker import Rollout as Rollout
from counted.maker import make as make
from counted.scene import ENABLED as ENABLED
from counted.scene import FAILURE as FAILURE
from counted.scene import MEAN_MS as MEAN_MS
from counted.scene import MEDIAN_MS as MEDIAN_MS
from counted.scene import SLOWEST_OF_MEAN as SLOWEST_OF_MEAN
from counted.scene import VARIATION as VARIATION
from counted.scene import Noise as Noise
from counted.scene import Scene as Scene
from counted.scene import Truth as Truth
from counted.traffic import Tenant as Tenant
from counted.traffic import bucket_shares as bucket_shares
from counted.traffic import drifting as drifting
from counted.traffic import latency_sums as latency_sums
from counted.trouble import Trouble as Trouble
