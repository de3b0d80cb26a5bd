"""The I4C (CFCFRMS) bank wire, both directions; docs/bank-wire.md shows it with examples."""
