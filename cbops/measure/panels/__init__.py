"""Every panel of the dashboard as data, its queries in PromQL. Pure.

`board(settings)` is the dashboard; `panel_queries(settings, tenant, providers)` are its queries without variables, for
whoever asks a server each of them. What the expressions must get right is in the section on metrics of the domain
description; how they do it, in docs/dashboard.md.
"""

from cbops.measure.panels.board import board
from cbops.measure.panels.substitution import panel_queries

__all__ = ["board", "panel_queries"]
