"""Trace files: recorded requests as JSONL, CSV or Parquet, read through DuckDB."""
