"""PostgreSQL and the Temporal server as child processes, so that one machine with Python is enough."""
