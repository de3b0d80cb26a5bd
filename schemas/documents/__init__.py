"""Documents: which are due, what stands in them, and the register."""
