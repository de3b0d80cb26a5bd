"""Banks: letters and links to them, delivery, what is received from them, and changes by two admins."""
