"""Banks: the directory, channels, delivery, concurrency and what is received."""
