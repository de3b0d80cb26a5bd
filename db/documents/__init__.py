"""Documents: those that are due, the facts in them, and the register."""
