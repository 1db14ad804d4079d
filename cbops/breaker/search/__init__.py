"""Thresholds searched over recorded traffic. Pure, on NumPy's columns; loaded by the replay commands alone."""
