"""Reconciliation of banks' lists of liens with the ledger."""
