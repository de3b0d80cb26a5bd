"""Outboxes: what a workflow must still be notified of."""
