"""Servers that are only read from, over HTTP: TLS, retries, bounded answers, and words for what goes wrong."""
