"""Notifications to people: their texts, and the rules of who gets which."""
