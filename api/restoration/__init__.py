"""Restoration: routes, applications, decisions, allocations."""
