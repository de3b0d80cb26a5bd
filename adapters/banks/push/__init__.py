"""Hold requests pushed to a bank's own webhook; docs/banks/bank-api.md shows it with examples."""
