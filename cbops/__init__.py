"""Roll out a circuit breaker safely: canary, daily evidence, judgement, decision, rollback."""

__version__ = "0.1.0"
