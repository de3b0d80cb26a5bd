"""The victim's own complaint: access by number and code, and what the page shows."""
