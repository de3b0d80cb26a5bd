"""Hold requests pushed to a bank's own webhook; docs/bank-api.md shows it with examples."""
