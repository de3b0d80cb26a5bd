"""Intake of complaints."""
