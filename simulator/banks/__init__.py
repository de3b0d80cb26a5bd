"""Simulated banks: tickets, answers, orders, channels and faults."""
