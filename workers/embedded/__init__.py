"""PostgreSQL and the Temporal server as child processes, so that a machine with Python is sufficient."""
