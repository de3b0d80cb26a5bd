"""Cases: their rows, hops, ledger, events and the desk's work on them."""
