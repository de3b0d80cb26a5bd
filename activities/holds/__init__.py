"""Holds on accounts: opening, deadlines, limits and release."""
