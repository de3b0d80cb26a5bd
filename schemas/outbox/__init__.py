"""Outboxes: notifications that a workflow must still receive."""
