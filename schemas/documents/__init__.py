"""Documents: those due, their facts, and the register."""
