"""Bringing complaints in from a file: reading it, taking its complaints, and saying what became of every row."""
