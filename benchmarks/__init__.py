"""Benchmarks: each prints a table, and with `--json -` one object. None is a timed test."""
