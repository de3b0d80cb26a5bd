"""Network plumbing of the simulator."""
