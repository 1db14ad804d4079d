"""Prometheus rules: made from settings, and (checking.py) held against what a metrics source has. Pure.

What the expressions must get right is in the sections on metrics and alerts of the domain description.
"""

from cbops.measure.rules.group import rule_group

__all__ = ["rule_group"]
