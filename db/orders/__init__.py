"""Orders to banks to restore or to release, and the banks' replies."""
