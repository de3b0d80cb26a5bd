"""Routes and pages about orders to banks: restore, release, and the banks' statements."""
