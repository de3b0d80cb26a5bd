"""Simulated people: victims, officers, courts, account holders."""
