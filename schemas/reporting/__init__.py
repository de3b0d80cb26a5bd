"""Figures and scorecards."""
