"""The demo: play a day of complaints against simulated banks, watch it and report on it."""
