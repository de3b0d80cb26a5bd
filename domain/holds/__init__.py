"""Holds on accounts: their life, limits and release."""
