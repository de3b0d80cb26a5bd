"""The simulated world: accounts, banks' books, flows and truth."""
