"""The wires of the simulated banks and people."""
