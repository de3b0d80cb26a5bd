"""Grievances of account holders and their officers."""
