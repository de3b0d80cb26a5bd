"""WHY: pure rules, each written once, with its source. No I/O, no clock."""
