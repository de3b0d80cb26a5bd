"""The demonstration: a day of complaints played against simulated banks, watched, and told at the end."""
