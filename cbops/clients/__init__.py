"""The outside: admin API, metrics sources, files."""
