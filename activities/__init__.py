"""HANDS: each touches the world once, idempotently."""
