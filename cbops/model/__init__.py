"""Frozen data that everything else speaks in; imports nothing of cbops but errors."""
