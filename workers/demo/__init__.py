"""A simulated day on a stack of its own: the demonstration, and the ground the benchmarks stand on."""
