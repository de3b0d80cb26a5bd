"""Notifications to people by SMS and e-mail."""
