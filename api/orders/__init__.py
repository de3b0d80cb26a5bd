"""Orders to banks to restore or to release, and what banks reply."""
