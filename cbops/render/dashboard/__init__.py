"""The dashboard as Grafana's classic JSON model, through Grafana's own foundation SDK, which nothing else imports."""

from cbops.render.dashboard.grafana import dashboard_json, is_untouched, uid_of

__all__ = ["dashboard_json", "is_untouched", "uid_of"]
