"""Loops that run beside the Temporal workers."""
