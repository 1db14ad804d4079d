"""Any block and any traffic, for properties of the checks."""

from __future__ import annotations

from hypothesis import strategies as st

from cbops.breaker.checks import TrafficFacts
from cbops.model.policy import BreakerPolicy

ANY = st.one_of(
    st.integers(-3, 400),
    st.integers(),
    st.floats(),
    st.sampled_from([10**400, 10**300, -(10**300), 5e-324, 1e-9, 1e300]),
    st.none() | st.booleans() | st.text(max_size=3),
)
BLOCKS = st.dictionaries(st.sampled_from([*BreakerPolicy.model_fields, "timeout"]), ANY)
RPM = st.none() | st.floats(0, allow_infinity=False) | st.floats(0, 5000)
SHARE = st.none() | st.floats(0, 1)
FACTS = st.builds(
    TrafficFacts,
    mean_rpm=RPM,
    busiest_rpm=RPM,
    quietest_rpm=RPM,
    ignored_share=SHARE,
    lost_share=SHARE,
    longest_latency_ms=RPM,
    tenants_on_timeout=st.none() | st.integers(0, 10**6),
)
