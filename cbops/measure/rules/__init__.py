"""Prometheus rules from settings: pure; the same settings give the same rules.

What the expressions must get right is in the sections on metrics and alerts of the domain description.
"""

from cbops.measure.rules.group import rule_group

__all__ = ["rule_group"]
