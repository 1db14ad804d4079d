"""Rollouts played against the practice router."""

from __future__ import annotations

from flow_fixtures import router, scenario, served, wire, work

__all__ = ["router", "scenario", "served", "wire", "work"]
