"""Interfaces between the simulated banks and the police."""
