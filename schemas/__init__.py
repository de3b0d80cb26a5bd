"""Frozen models, identifiers, money in paise and enumerations. No I/O, no clock."""
