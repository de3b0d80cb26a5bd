"""Banks: letters and links to them, delivery, what is received from them."""
