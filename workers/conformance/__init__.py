"""Whether a bank's endpoint keeps what was agreed: requests that no real money hangs on, and what came back."""
