"""The I4C (CFCFRMS) bank wire, both directions; docs/banks/bank-wire.md shows it with examples."""
