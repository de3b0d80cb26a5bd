"""Holds on accounts: their clocks, limits and release."""
