"""Measurements: each prints a table, and with `--json -` one object. Never a timed test."""
