"""WHY: pure rules, each once, each citing its source. No I/O, no clock."""
