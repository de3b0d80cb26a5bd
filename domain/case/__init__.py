"""Cases: intake, tracing, the ledger, and the outbox to workflows."""
