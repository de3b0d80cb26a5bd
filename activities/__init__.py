"""Activities: each one reads or changes the outside world, and repeating it has no further effect."""
