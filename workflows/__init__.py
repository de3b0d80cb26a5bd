"""Workflows: deterministic procedures that decide when activities run. PostgreSQL holds the data."""
