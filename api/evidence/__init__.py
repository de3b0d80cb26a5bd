"""Evidence packs, their check, and the nightly runs."""
