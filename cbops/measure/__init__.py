"""Samples in, figures out: counts, days, episodes, traffic and proofs; pure, one for every source.

`gather_day` asks a source and `measure_day` measures what it answered; the other questions come in pairs
too: `traffic_query` and `traffic`, `circuit_query` and `circuit_traffic`, `states_query` and `circuit_states`, `proof_query` and `proof`.
"""

from cbops.measure.day import measure_day
from cbops.measure.episodes import merge_episodes
from cbops.measure.loaded_rules import breaker_rules
from cbops.measure.proof import proof, proof_query
from cbops.measure.queries import DayQueries, DaySamples, day_queries, gather_day
from cbops.measure.recent import recent_days
from cbops.measure.shadow import shadow_query
from cbops.measure.states import circuit_states, states_query
from cbops.measure.traffic import Traffic, circuit_query, circuit_traffic, traffic, traffic_query

__all__ = [
    "DayQueries",
    "DaySamples",
    "Traffic",
    "breaker_rules",
    "circuit_query",
    "circuit_states",
    "circuit_traffic",
    "day_queries",
    "gather_day",
    "measure_day",
    "merge_episodes",
    "proof",
    "proof_query",
    "recent_days",
    "shadow_query",
    "states_query",
    "traffic",
    "traffic_query",
]
