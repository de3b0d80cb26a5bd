"""The policy file and its model."""
