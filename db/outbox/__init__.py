"""Outboxes: notifications that workflows must still get."""
