"""Administration by two admins: tables."""
