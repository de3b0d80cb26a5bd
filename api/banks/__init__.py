"""Banks: the directory, channels, letters, keys and people of banks."""
