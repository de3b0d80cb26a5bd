"""Reconciliation of banks' lien lists with our ledger."""
