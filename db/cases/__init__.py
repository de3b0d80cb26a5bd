"""Cases: their rows, hops, ledger, log, and the desk's work items."""
