"""The ISO 20022 bank wire, both directions, as pure functions on bytes; docs/banks/iso20022.md shows examples."""
