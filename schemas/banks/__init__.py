"""Banks: the directory, channels, delivery, concurrency, what is received, and administration by two admins."""
