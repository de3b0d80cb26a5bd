"""WIRES: how each outside party speaks.

A wire knows no table and no workflow; it gets what it needs as arguments.
"""
