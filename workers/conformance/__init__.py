"""Conformance checks of a bank's endpoint with test requests that involve no real money."""
