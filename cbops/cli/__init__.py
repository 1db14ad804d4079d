"""Flags in, Outcome out; the only place that prints."""
