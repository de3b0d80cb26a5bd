"""WIRES: adapters that speak the protocol of each outside party.

An adapter reads no table and knows no workflow. All it needs arrives as arguments.
"""
